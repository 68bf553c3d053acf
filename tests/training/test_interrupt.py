import os
import signal
import threading

import pytest

from srgan_lib.training.interrupt import stop_request


@pytest.fixture(autouse=True)
def usual_ctrl_c():
    """Ctrl-C as in a terminal: a process started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_is_a_request_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), stop_request() as stopping:
        assert not stopping()
        press_ctrl_c()
        assert stopping()
        press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before


def test_afterwards_ctrl_c_is_as_before():
    with stop_request():
        pass
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_in_another_thread_nothing_is_requested():
    seen = []

    def work():
        with stop_request() as stopping:
            seen.append(stopping())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
