"""Campaigns that leave the database and come into one: a file for programs, a vault for people."""
