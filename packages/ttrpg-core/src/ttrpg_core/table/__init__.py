"""The game itself: values and rules, without storage, terminal or plugins.

Functions here are pure: they take the state and what is asked, and answer the new state and the
facts. Writing is the journal's business.
"""
