"""Do the tasks of a sweep on Dask workers: a cluster of processes on this machine, or one that already runs."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from srgan_lib.errors import InputError
from srgan_lib.log import listening
from srgan_report.hardware import available_cores, cuda_capabilities
from srgan_report.pipeline.fetching import Missing, fetch
from srgan_report.pipeline.notebook_execution import interrupt_kernels
from srgan_report.sweep.execution import (
    Executor,
    OnTaskEvent,
    Planner,
    SweepAborted,
    TaskEvent,
    Work,
    cause_of,
    perform,
    run_here,
)
from srgan_report.sweep.planning import PlannedRun, StageTask, by_urgency, plan_sweep

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger(__name__)

#: A terminal sends Ctrl-C to workers too; it is for the command to say what becomes of them.
IGNORE_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
PATIENCE = 60.0  #: seconds to wait for a cluster's first worker, and for training to save its state when stopped


@contextmanager
def workers(planned: list[PlannedRun], jobs: int | None, client: Client | None) -> Iterator[Executor]:
    """Provide what does the tasks: a running cluster, ``jobs`` workers on this machine, or for one job this process.

    Default of ``jobs``: one per GPU, or as many as this machine's cores hold at the runs' threads.
    """
    shared = [run.single.params.shared for run in planned]
    gpu = any(one.device.startswith("cuda") for one in shared)
    threads = max(int(one.threads) for one in shared)
    jobs = jobs or max(1, len(cuda_capabilities()) if gpu else available_cores() // threads)
    if client is None and jobs == 1:
        yield run_here
        return
    with nullcontext(client) if client else local_cluster(jobs, gpu) as client:
        logger.info("%d workers; Dask's dashboard: %s", len(_workers(client)), client.dashboard_link)
        yield DaskExecutor(client, gpu)


def planner(client: Client) -> Planner:
    """Plan a sweep on a worker, so that ``auto`` means the machines that will compute."""
    return lambda *asked: client.submit(plan_sweep, *asked, pure=False).result()


def fetcher(client: Client) -> Callable[[list[Missing]], None]:
    """Fetch what is missing on a worker, where it will be read, and repeat here what was logged there."""

    def fetch_there(missing: list[Missing]) -> None:
        for text in client.submit(_fetch_on_worker, missing, pure=False).result():
            logger.info("%s", text)

    return fetch_there


@contextmanager
def local_cluster(workers: int, gpu: bool) -> Iterator[Client]:
    """Start workers on this machine, each a process that does one task at a time; with ``gpu`` each sees one device."""
    import dask.config
    from distributed import Client, Nanny, Scheduler, SpecCluster

    seen = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(str(n) for n in range(len(cuda_capabilities())))
    devices = seen.split(",")
    # Notebooks compute in processes of their own, so workers need neither Dask's memory limits nor its thread settings.
    # Whoever reaches a socket of Dask's can run code: here only this machine can.
    local = {"host": "127.0.0.1"}
    common = {**local, "nthreads": 1, "memory_limit": 0, "silence_logs": 50, "preload": IGNORE_INTERRUPTS}
    spec: dict[int, dict[str, Any]] = {}
    for index in range(workers):
        device = {"CUDA_VISIBLE_DEVICES": devices[index % len(devices)]}
        own = {"resources": {"GPU": 1}, "env": device} if gpu else {}
        spec[index] = {"cls": Nanny, "options": {**common, "dashboard": False, **own}}
    scheduler = {"cls": Scheduler, "options": {**local, "dashboard_address": "127.0.0.1:8787"}}
    with dask.config.set({"distributed.nanny.pre-spawn-environ": {}}):
        cluster = SpecCluster(spec, scheduler, silence_logs=logging.CRITICAL)  # pyright: ignore[reportArgumentType]  # a level, though the default is False
        with cluster, Client(cluster) as client:
            client.wait_for_workers(workers)
            yield client


@contextmanager
def running_cluster(address: str) -> Iterator[Client]:
    """Connect to a cluster that somebody has started.

    :class:`ClusterUnavailable` tells that no scheduler answers, no worker comes, or one takes several tasks at a time.
    """
    from distributed import Client

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a lost connection is told in a sentence
    try:
        client = Client(address, timeout=20)
    except (OSError, ValueError) as error:
        problem = f"no Dask scheduler answers at {address} ({error}); start one with 'dask scheduler'"
        raise ClusterUnavailable(problem, address=address) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            problem = f"the scheduler at {address} has no workers; start some with 'dask worker {address} --nthreads 1'"
            raise ClusterUnavailable(problem, address=address) from None
        for name, details in _workers(client).items():
            if details["nthreads"] > 1:
                raise ClusterUnavailable(
                    f"worker {name} takes {details['nthreads']} tasks at a time, and each run needs a worker to "
                    "itself; start workers with --nthreads 1 (a run still uses the threads that its parameters say)",
                    address=address,
                )
        yield client


class ClusterUnavailable(InputError):
    """The cluster whose scheduler has this ``address`` does not answer, or cannot do the tasks of a sweep."""

    def __init__(self, message: str, *, address: str = "") -> None:
        super().__init__(message)
        self.address = address


class DaskExecutor:
    """Does tasks on the workers of a client: what a lost worker was doing is done again, an error in a run is final."""

    def __init__(self, client: Client, gpu: bool) -> None:
        self._client: Any = client  # its methods return values or coroutines, by how it was made
        declared = any("GPU" in details.get("resources", {}) for details in _workers(client).values())
        self._resources = {"GPU": 1} if gpu and declared else None

    def __call__(self, tasks: list[StageTask], work: Callable[[StageTask], Work], emit: OnTaskEvent) -> None:
        """Do all tasks as :func:`.execution.run_here`; :class:`.SweepAborted` when the scheduler goes away."""
        from distributed import as_completed

        session = uuid.uuid4().hex[:8]  # tells tasks from those of an earlier command on the same cluster
        by_key = {task.key: task for task in tasks}

        def on_event(event: tuple[float, tuple[str, Any, Mapping[str, Any]]]) -> None:
            _, (key, kind, details) = event
            emit(TaskEvent(by_key[key], kind, details))

        self._client.subscribe_topic(session, on_event)
        futures: dict[str, Future] = {}
        for task, priority in by_urgency(tasks).items():
            before = [futures[need] for need in task.needs]
            options = {"key": f"{task.key}-{session}", "priority": priority, "resources": self._resources, "retries": 0}
            futures[task.key] = self._client.submit(
                _perform_on_worker, work(task), session, task.key, *before, **options
            )
        try:
            for future in as_completed(futures.values(), raise_errors=False):
                task = by_key[future.key.removesuffix(f"-{session}")]
                if future.status == "finished":
                    emit(TaskEvent(task, "finished"))
                elif future.status == "error":
                    emit(TaskEvent(task, "failed", {"cause": _cause(task.key, future)}))
                else:  # cancelled or lost, by nobody here
                    raise SweepAborted(
                        "the Dask scheduler went away; what is finished stays, and the same command continues"
                    )
        except BaseException:
            self._stop(list(futures.values()))
            raise
        finally:
            self._client.unsubscribe_topic(session)

    def _stop(self, futures: list[Future]) -> None:
        """Begin nothing more, and let training that is under way save its state."""
        if self._client.status != "running":
            return
        ours = {future.key for future in futures}
        busy = [worker for worker, keys in self._client.processing().items() if ours & set(keys)]
        self._client.cancel(futures)
        deadline = time.monotonic() + PATIENCE
        while busy and time.monotonic() < deadline:
            kernels = self._client.run(interrupt_kernels, workers=busy, on_error="ignore")
            busy = [worker for worker, count in kernels.items() if count]
            time.sleep(1)


def _fetch_on_worker(missing: list[Missing]) -> list[str]:
    messages: list[str] = []
    with listening(messages.append, logging.INFO):
        fetch(missing)
    return messages


def _perform_on_worker(work: Work, topic: str, key: str, *_done_before: None) -> None:
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(topic, (key, "started", {}))
    perform(work, lambda details: worker.log_event(topic, (key, "progress", details)))


def _cause(key: str, future: Any) -> str:
    from distributed import KilledWorker

    error: Any = future.exception()
    if isinstance(error, KilledWorker):
        return "its worker was lost again and again, most likely for lack of memory; take a smaller batch or fewer jobs"
    return cause_of(key, error.with_traceback(future.traceback()))


def _workers(client: Client) -> dict[str, Any]:
    return client.scheduler_info(n_workers=-1)["workers"]
