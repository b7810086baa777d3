"""The HTTP routes, by subject. Each module offers `routes(…) -> Routes`."""
