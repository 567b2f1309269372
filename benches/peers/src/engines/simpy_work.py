"""The same work on SimPy: python3 simpy_work.py WORK SEED NUMBERS..., which prints the seconds and the deliveries."""

import random
import sys
import time
from collections import deque

import simpy

COARSE = (1, 10)


def send(env, rng, delay, inbox, message):
    """A cable with latency, as in SimPy's own example of it."""

    def latency():
        yield env.timeout(rng.randint(*delay))
        inbox.put(message)

    env.process(latency())


def ring(seed, processes, hops):
    env, rng, delivered = simpy.Environment(), random.Random(seed), [0]
    inboxes = [simpy.Store(env) for _ in range(processes)]

    def passer(me):
        onward = inboxes[(me + 1) % processes]
        if me == 0:
            send(env, rng, COARSE, onward, 1)
        while True:
            hop = yield inboxes[me].get()
            delivered[0] += 1
            if hop < hops:
                send(env, rng, COARSE, onward, hop + 1)

    for me in range(processes):
        env.process(passer(me))
    start = time.process_time()
    env.run()
    return time.process_time() - start, delivered[0]


def many(seed, processes, each, hops, least, greatest):
    """By callbacks, which is the least that SimPy can do for a message."""
    env, rng, delivered = simpy.Environment(), random.Random(seed), [0]

    def go(me, number, left):
        to = (me + 1 + number % 10) % processes

        def arrive(_):
            delivered[0] += 1
            if left > 0:
                go(to, left, left - 1)

        env.timeout(rng.randint(least, greatest)).callbacks.append(arrive)

    start = time.process_time()
    for me in range(processes):
        for number in range(each):
            go(me, number, hops)
    env.run()
    return time.process_time() - start, delivered[0]


def lock_server(seed, clients, rounds, hold):
    env, rng, handled = simpy.Environment(), random.Random(seed), [0]
    inboxes = [simpy.Store(env) for _ in range(clients + 1)]

    def server():
        holder, queue = None, deque()
        while True:
            sender, message = yield inboxes[0].get()
            handled[0] += 1
            if message == "request" and holder is not None:
                queue.append(sender)
                continue
            holder = sender if message == "request" else queue.popleft() if queue else None
            if holder is not None:
                send(env, rng, COARSE, inboxes[holder], "grant")

    def client(me):
        send(env, rng, COARSE, inboxes[0], (me, "request"))
        for left in reversed(range(rounds)):
            yield inboxes[me].get()
            yield env.timeout(hold)
            handled[0] += 2
            send(env, rng, COARSE, inboxes[0], (me, "release"))
            if left > 0:
                send(env, rng, COARSE, inboxes[0], (me, "request"))

    env.process(server())
    for me in range(1, clients + 1):
        env.process(client(me))
    env.run()
    return handled[0]


def short(first, runs, clients, rounds, hold):
    start = time.process_time()
    handled = sum(lock_server(seed, clients, rounds, hold) for seed in range(first, first + runs))
    return time.process_time() - start, handled


if __name__ == "__main__":
    if sys.argv[1] == "version":
        print(simpy.__version__, sys.version.split()[0])
    else:
        print(*globals()[sys.argv[1]](*map(int, sys.argv[2:])))
