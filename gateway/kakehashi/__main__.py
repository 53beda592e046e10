"""`python -m kakehashi`: the command line, for processes that start others with their own interpreter."""

from kakehashi.cli.main import main

if __name__ == "__main__":
    main()
