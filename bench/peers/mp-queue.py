# Items through a multiprocessing.Queue, every producer and consumer in a process of its own:
# mp-queue.py PRODUCERS CONSUMERS ITEMS BYTES text|buffer. Prints how long it took, ms.
import multiprocessing as mp
import sys
import time


def produce(queue, go, results, count, size, is_buffer):
    item = bytes([1]) * size if is_buffer else "x" * size
    results.put("ready")
    go.get()
    for _ in range(count):
        queue.put(item)


def consume(queue, results):
    results.put("ready")
    count = 0
    while queue.get() is not None:
        count += 1
    results.put(count)


def main():
    producers, consumers, items, size = map(int, sys.argv[1:5])
    queue, go, results = mp.Queue(), mp.Queue(), mp.Queue()
    readers = [mp.Process(target=consume, args=(queue, results)) for _ in range(consumers)]
    for reader in readers:
        reader.start()
    writers = [
        mp.Process(target=produce, args=(queue, go, results, items // producers, size, sys.argv[5] == "buffer"))
        for _ in range(producers)
    ]
    for writer in writers:
        writer.start()
    for _ in readers + writers:
        results.get()
    started = time.perf_counter()
    for _ in writers:
        go.put(True)
    for writer in writers:
        writer.join()
    for _ in readers:
        queue.put(None)
    count = sum(results.get() for _ in readers)
    elapsed = time.perf_counter() - started
    for reader in readers:
        reader.join()
    assert count == items, f"{count} of {items} items arrived"
    print(elapsed * 1000)


if __name__ == "__main__":
    main()
