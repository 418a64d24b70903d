"""Measurements of the whole running stack; `make bench` prints them."""
