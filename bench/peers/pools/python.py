# The same works with Python's multiprocessing: `python3 python.py WORK` prints the milliseconds.
import multiprocessing
import sys
import time

TASKS = 100_000
SIZE = 2


def square(x):
    return x * x


def spin(ms):
    until = time.perf_counter() + ms / 1000
    while time.perf_counter() < until:
        pass
    return ms


def run(pool, count=TASKS):
    results = [pool.apply_async(square, (index,)) for index in range(count)]
    assert [result.get() for result in results][-1] == (count - 1) ** 2


def chunks_of_one(pool, count=TASKS):
    assert pool.map(square, range(count), chunksize=1)[-1] == (count - 1) ** 2


def map_(pool, count=TASKS):
    assert pool.map(square, range(count))[-1] == (count - 1) ** 2


def cpu(pool, count=200):
    for result in [pool.apply_async(spin, (5,)) for _ in range(count)]:
        result.get()


if __name__ == '__main__':
    name = sys.argv[1]
    work = {'run': run, 'map': map_, 'map-1': chunks_of_one, 'cpu': cpu}[name]
    with multiprocessing.Pool(SIZE) as pool:
        for _ in range(3):
            work(pool)
        started_at = time.perf_counter()
        work(pool)
        print((time.perf_counter() - started_at) * 1000)
