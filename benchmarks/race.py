"""Racing contestants fairly: each in a process of its own, one at a time, in turns.

A process of its own means that no contestant profits or suffers from what another has set globally (threads,
allocator, caches). Turns mean that a slow minute of the machine falls on all. A contestant is a function that prepares
its work and returns a callable that does it once.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

#: A function of a module with its arguments, as :func:`functools.partial` binds them for the other process.
Contestant = Callable[[], Callable[[], object]]


@dataclass(frozen=True)
class Race:
    """Contestants that do the same work; the first is this library, the second what it is compared with.

    Attributes
    ----------
    name, title : in the JSON and in the table.
    work : how many of ``unit`` one call does; ``"overhead"`` races print seconds, the others ``unit`` per second.
    setting : what is computed, in a few words.
    goal : the ratio aimed at, none where there is none.
    """

    name: str
    title: str
    contestants: Mapping[str, Contestant]
    unit: str
    work: float
    setting: str
    goal: float | None = None


def run(race: Race, rounds: int, warmups: int = 2) -> dict[str, Any]:
    """Race; return medians, quartiles and all samples in seconds, and the ratio of the medians.

    Raises
    ------
    RuntimeError
        When a contestant fails, with its error.
    """
    processes = multiprocessing.get_context("spawn")
    lanes: dict[str, tuple[Any, Connection]] = {}
    samples: dict[str, list[float]] = {name: [] for name in race.contestants}
    try:
        for name, contestant in race.contestants.items():
            here, there = processes.Pipe()
            process = processes.Process(target=_lane, args=(contestant, there), daemon=True)
            process.start()
            there.close()
            lanes[name] = process, here
            _answer(here, name)  # one prepares at a time, too
        for turn in range(warmups + rounds):
            for name, (_, pipe) in lanes.items():
                pipe.send("go")
                seconds = _answer(pipe, name)
                if turn >= warmups:
                    samples[name].append(seconds)
    finally:
        for process, pipe in lanes.values():
            pipe.close()
            process.join(5)
            process.kill()
    medians = {name: statistics.median(values) for name, values in samples.items()}
    ours, theirs = list(medians)[:2]
    return {
        **{name: value for name, value in vars(race).items() if name != "contestants"},
        "ratio": medians[theirs] / medians[ours],
        "contestants": {
            name: {"seconds": medians[name], "quartiles": statistics.quantiles(values, n=4)[::2], "samples": values}
            for name, values in samples.items()
        },
    }


def _lane(contestant: Contestant, pipe: Connection) -> None:
    """The process of one contestant: prepares, then works whenever it is told to."""
    try:
        work = contestant()
        pipe.send("ready")
        while pipe.recv():
            started = time.perf_counter()
            work()
            pipe.send(time.perf_counter() - started)
    except EOFError:  # the race is over
        return
    except Exception as error:
        pipe.send(error)


def _answer(pipe: Connection, name: str) -> Any:
    try:
        answer = pipe.recv()
    except EOFError:
        raise RuntimeError(f"{name}: its process died") from None
    if isinstance(answer, Exception):
        raise RuntimeError(f"{name}: {type(answer).__name__}: {answer}")
    return answer
