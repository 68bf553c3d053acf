"""What the library logs reaches whoever listens, each text once."""

import logging

from srgan_lib.log import listening, muted
from srgan_report.cli.terminal import Terminal

logger = logging.getLogger("srgan_lib.somewhere")


def test_a_listener_hears_warnings_once_and_only_while_it_listens():
    heard = []
    with listening(heard.append):
        logger.warning("%s is double", "a.png")
        logger.warning("%s is double", "a.png")
        logger.warning("b.png is double")
        logger.info("VGG-19 is random")
    logger.warning("too late")
    assert heard == ["a.png is double", "b.png is double"]


def test_a_listener_can_hear_information_too():
    heard = []
    with listening(heard.append, logging.INFO):
        logger.info("VGG-19 is random")
    assert heard == ["VGG-19 is random"]


def test_nothing_is_heard_while_the_library_is_muted():
    heard = []
    with listening(heard.append):
        with muted():
            logger.warning("a.png is double")
        logger.warning("b.png is double")
    assert heard == ["b.png is double"]


def test_the_last_terminal_shows_each_text_once(capsys, monkeypatch):
    library = logging.getLogger("srgan_lib")
    monkeypatch.setattr(library, "handlers", [])
    monkeypatch.setattr(library, "level", library.level)
    Terminal()
    Terminal()
    logger.info("weights [1] are random")
    logger.info("weights [1] are random")
    assert capsys.readouterr().out == "weights [1] are random\n"
