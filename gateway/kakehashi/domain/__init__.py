"""The words of the field as types: true without a network, a clock or a log."""
