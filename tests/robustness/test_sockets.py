"""What a sweep's processes listen on: Dask unpickles what it is sent, so nobody else may reach them."""

import os

import psutil
import pytest

from srgan_report.sweep.cluster import local_cluster


@pytest.mark.slow
def test_a_local_cluster_listens_on_this_machine_alone():
    with local_cluster(2, gpu=False):
        here = psutil.Process(os.getpid())
        processes = [here, *here.children(recursive=True)]
        sockets = [
            socket.laddr
            for process in processes
            for socket in process.net_connections(kind="inet")
            if socket.status == psutil.CONN_LISTEN
        ]
    assert len(sockets) >= 5, "the scheduler, its dashboard, two nannies and two workers"
    assert {address.ip for address in sockets} == {"127.0.0.1"}
