"""Shipped fakes (`Memory…`) and conformance suites: what a third-party adapter is held to, and tested with.

A suite is a class of test methods; subclass it in a test module and give the fixture that it names. Suites need pytest.
"""
