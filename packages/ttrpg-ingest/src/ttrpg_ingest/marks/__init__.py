"""What people add to Markdown when they keep notes in it, and folders of such notes."""
