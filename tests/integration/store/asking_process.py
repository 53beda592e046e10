"""A process that asks for 団体内統合宛名番号: the same few persons over and over, from several threads at once."""

import sys
from concurrent.futures import ThreadPoolExecutor

from kakehashi.testing.store_samples import NOW
from kakehashi_adapters.sql_store import open_links

THREADS = 8


def main(url, requests, people):
    links = open_links(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    asked = [f"person {number % people}".encode() for number in range(requests)]
    with ThreadPoolExecutor(THREADS) as pool:
        got = pool.map(lambda blind: links.assign([[blind]], prefix="9", now=NOW)[0], asked)
        for blind, number in set(zip(asked, got, strict=True)):
            sys.stdout.write(f"{blind.decode()}={number}\n")
    links.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
