"""A notebook from top to bottom without a page: for `tailrace run` and for programs."""
