import os
import signal
import sys
import threading

import numpy as np
import pandas as pd
import pytest
import torch

from srgan_lib.errors import Interrupted, PackageMissing
from srgan_lib.models.files import CheckpointError, load_model, load_tensors
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.history import Diverged
from srgan_lib.training.loop import stop_request
from srgan_lib.training.srcnn import train_srcnn
from srgan_lib.training.warmup import train_warmup


def results(folder):
    """All results that must be the same however often training was interrupted."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "speed.json" and "checkpoints" not in path.parts
    }


def interrupt_at(step):
    def on_step(done, steps, row):
        if done == step:
            os.kill(os.getpid(), signal.SIGINT)

    return on_step


def trainer(stage, folder, make_params, pairs, **options):
    """A function that trains a stage into a folder."""
    params = make_params(**{stage: {"ema_decay": 0.5, **options}})
    if stage == "srcnn":
        return lambda target, **callbacks: train_srcnn(params, *pairs, target, "print", **callbacks)
    if stage == "warmup":
        return lambda target, **callbacks: train_warmup(params, *pairs, target, "print", **callbacks)
    train_warmup(make_params(), *pairs, folder / "before", "print")
    weights = folder / "before" / "generator.safetensors"
    return lambda target, **callbacks: train_adversarial(params, *pairs, weights, target, "print", **callbacks)


@pytest.mark.parametrize("stage", ["srcnn", "warmup", "adversarial"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_interrupted_again_and_again_equals_uninterrupted(stage, dtype, make_params, pairs, tmp_path):
    options = {"log_every": 4, "steps": 9, **({"discriminator_every": 2} if stage == "adversarial" else {})}
    train = trainer(stage, tmp_path, lambda **s: make_params(shared={"dtype": dtype}, **s), pairs, **options)
    train(tmp_path / "whole")
    for step in (1, 3, 4, 8):
        with pytest.raises(Interrupted, match=f"{stage}: stopped after step {step} of 9; .*run the same again"):
            train(tmp_path / "parts", on_step=interrupt_at(step))
    steps = []
    train(tmp_path / "parts", on_step=lambda step, *_: steps.append(step))
    assert steps == [9]  # only the last step was left
    assert results(tmp_path / "whole") == results(tmp_path / "parts")


def test_interrupted_in_the_last_step_is_finished(make_params, pairs, tmp_path):
    train = trainer("srcnn", tmp_path, make_params, pairs)
    train(tmp_path / "run", on_step=interrupt_at(6))
    assert (tmp_path / "run" / "srcnn.safetensors").exists()


def test_a_finished_training_is_not_repeated(make_params, pairs, tmp_path):
    train = trainer("warmup", tmp_path, make_params, pairs)
    curve = train(tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    calls = []
    again = train(tmp_path / "run", on_step=lambda *call: calls.append(call))
    assert again.equals(curve) and calls == [(6, 6, None)]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before


def test_networks_in_between_are_kept(make_params, pairs, tmp_path):
    params = make_params(warmup={"keep_networks_every": 2})
    train_warmup(params, *pairs, tmp_path / "long", "print")
    assert [path.name for path in sorted((tmp_path / "long" / "networks").iterdir())] == [
        "generator_00000002.safetensors",
        "generator_00000004.safetensors",
    ]
    model, card = load_model(tmp_path / "long" / "networks" / "generator_00000004.safetensors")
    last, _ = load_model(tmp_path / "long" / "generator.safetensors")
    assert card["steps"] == 4
    lr = torch.rand(1, 3, 6, 6)
    assert not torch.equal(model(lr), last(lr))


def test_a_damaged_result_is_made_again(make_params, pairs, tmp_path):
    train = trainer("warmup", tmp_path, make_params, pairs)
    train(tmp_path / "run")
    good = results(tmp_path / "run")
    weights = tmp_path / "run" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    train(tmp_path / "run")
    assert results(tmp_path / "run") == good


def test_other_parameters_start_anew(make_params, pairs, tmp_path, caplog):
    with pytest.raises(Interrupted):
        train_warmup(make_params(), *pairs, tmp_path, "before", on_step=interrupt_at(3))
    steps = []
    train_warmup(make_params(), *pairs, tmp_path, "after", on_step=lambda step, *_: steps.append(step))
    assert steps[0] == 1
    (warning,) = caplog.messages
    assert "other parameters, data or code" in warning


def test_a_state_of_another_network_is_refused(make_params, pairs, tmp_path):
    with pytest.raises(Interrupted):
        train_warmup(make_params(), *pairs, tmp_path, "same", on_step=interrupt_at(3))
    with pytest.raises(CheckpointError, match=r"'channels': 4.*this training has .*'channels': 6"):
        train_warmup(make_params(warmup={"generator_channels": 6}), *pairs, tmp_path, "same")


@pytest.mark.parametrize(
    ("stage", "term"),
    [
        ("srcnn", "pixel|loss"),
        ("warmup", "pixel|content|loss"),
        ("adversarial", "discriminator|content|adversarial|loss"),
    ],
)
def test_divergence_stops_and_keeps_the_last_good_state(stage, term, make_params, pairs, tmp_path):
    """An absurd learning rate; the checkpoint before the collapse stays."""
    options = {"steps": 400, "checkpoint_every": 1, "log_every": 50, "validate_every": 400, "schedule": "constant"}
    rates = {"learning_rate": 1.0, **({"discriminator_learning_rate": 1.0} if stage == "adversarial" else {})}
    train = trainer(stage, tmp_path, make_params, pairs, **options, **rates)
    with pytest.raises(
        Diverged,
        match=rf"({term}|grad_norm|d_grad_norm) (is|has exploded).* at step \d+ of {stage}; "
        rf".*lower {stage}\.(discriminator_)?learning_rate \(1\), or set {stage}.gradient_clip$",
    ) as error:
        train(tmp_path / "run")
    of_the_discriminator = error.value.term.startswith(("discriminator", "d_"))
    assert ("discriminator_learning_rate" in str(error.value)) == of_the_discriminator
    assert not list((tmp_path / "run").glob("*.safetensors"))
    (eval_network,) = (tmp_path / "run" / "checkpoints").glob("step_*.safetensors")
    tensors, metadata = load_tensors(eval_network)
    assert 0 < metadata["step"] < error.value.step
    assert all(tensor.isfinite().all() for tensor in tensors.values())


def test_not_a_number_names_term_step_and_checkpoint(make_params, pairs, tmp_path, monkeypatch):
    from srgan_lib.training import tasks

    real_update = tasks.Optimizer.update
    monkeypatch.setattr(
        tasks.Optimizer,
        "update",
        lambda self, loss, step: real_update(self, loss * (float("nan") if step == 4 else 1.0), step),
    )
    with pytest.raises(
        Diverged, match=r"grad_norm is nan at step 5 of warmup; the last good checkpoint is .*step_00000004"
    ):
        train_warmup(make_params(), *pairs, tmp_path, "print")
    monkeypatch.undo()
    steps = []
    train_warmup(make_params(), *pairs, tmp_path, "print", on_step=lambda step, *_: steps.append(step))
    assert steps[0] == 5  # from the good state on


def test_nothing_is_read_from_the_device_but_at_log_intervals(make_params, pairs, tmp_path, monkeypatch):
    reads = []
    for name in ("item", "tolist"):
        method = getattr(torch.Tensor, name)
        monkeypatch.setattr(
            torch.Tensor, name, lambda self, name=name, method=method: reads.append(name) or method(self)
        )
    options = {"log_every": 3, "checkpoint_every": 100, "content_weight": 0.0, "generator": "espcn"}
    train_warmup(make_params(warmup=options), *pairs, tmp_path, "print")
    assert reads == ["tolist", "tolist"]  # steps 3 and 6


def test_random_degradation_resumes_exactly(make_params, pairs, tmp_path):
    from srgan_lib.data.pairs import Pair

    params = make_params(shared={"degradation": "realistic"})
    images = [[Pair(pair.image, np.ascontiguousarray(pair.hr), None) for pair in pairs[0]], pairs[1]]
    train_warmup(params, *images, tmp_path / "whole", "print")
    with pytest.raises(Interrupted):
        train_warmup(params, *images, tmp_path / "parts", "print", on_step=interrupt_at(3))
    train_warmup(params, *images, tmp_path / "parts", "print")
    assert results(tmp_path / "whole") == results(tmp_path / "parts")


@pytest.mark.parametrize("monitor", ["psnr_y", "ssim_y"])
def test_the_best_by_a_monitor_is_kept_beside_the_last(monitor, make_params, pairs, tmp_path):
    often = {"monitor": monitor, "steps": 8, "validate_every": 1, "learning_rate": 1e-3, "schedule": "constant"}
    train_srcnn(make_params(srcnn=often), *pairs, tmp_path, "print")
    scores = pd.read_csv(tmp_path / "validation.csv")[monitor]
    _, best = load_model(tmp_path / "srcnn_best.safetensors")
    _, last = load_model(tmp_path / "srcnn.safetensors")
    assert best["steps"] == scores.idxmax() and last["steps"] == 8
    assert scores.idxmax() < 8, "the last is the best: nothing is shown"


def test_a_new_training_keeps_no_copies_of_the_one_before(make_params, pairs, tmp_path):
    copies = {"monitor": "psnr_y", "keep_networks_every": 2}
    train_srcnn(make_params(srcnn=copies), *pairs, tmp_path, "first")
    assert (tmp_path / "networks").exists() and (tmp_path / "srcnn_best.safetensors").exists()
    train_srcnn(make_params(), *pairs, tmp_path, "second")
    assert not list(tmp_path.glob("networks/*")) and not (tmp_path / "srcnn_best.safetensors").exists()


def test_a_training_given_up_does_not_pass_for_the_one_before(make_params, pairs, tmp_path):
    """Its curves are there, so the finished network of the one before must not be, or both would be taken for one."""
    train_srcnn(make_params(), *pairs, tmp_path / "alone", "first")
    train_srcnn(make_params(), *pairs, tmp_path / "again", "first")
    other = make_params(srcnn={"learning_rate": 1e-2})
    with pytest.raises(Interrupted):
        train_srcnn(other, *pairs, tmp_path / "again", "second", on_step=interrupt_at(3))
    train_srcnn(make_params(), *pairs, tmp_path / "again", "first")
    assert results(tmp_path / "again") == results(tmp_path / "alone")


def test_the_history_is_no_part_of_a_checkpoint_s_header(make_params, pairs, tmp_path):
    """A header of safetensors holds 100 MB, which hundreds of thousands of rows exceed."""
    train = trainer("srcnn", tmp_path, make_params, pairs)
    with pytest.raises(Interrupted):
        train(tmp_path / "run", on_step=interrupt_at(3))
    (state,) = (tmp_path / "run" / "checkpoints").glob("step_*.safetensors")
    tensors, metadata = load_tensors(state)
    assert "history" in tensors and "history" not in metadata
    train(tmp_path / "run")
    assert pd.read_csv(tmp_path / "run" / "loss_curve.csv").step.tolist() == [2, 4, 6]


def test_an_independent_judge_is_no_monitor(make_params):
    with pytest.raises(ValueError, match="psnr_y.*lpips_squeeze"):
        make_params(srcnn={"monitor": "lpips_alex"})


def test_curves_go_to_tensorboard_on_request(make_params, pairs, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train_srcnn(make_params(shared={"tensorboard": True}), *pairs, tmp_path / "srcnn", "print")
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard" / "srcnn")).Reload()
    curve = pd.read_csv(tmp_path / "srcnn" / "loss_curve.csv")
    assert [event.step for event in events.Scalars("train/loss")] == curve.step.tolist()
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(curve.loss.tolist())
    assert [event.step for event in events.Scalars("validation/psnr_y")] == [0, 3, 6]


def test_without_tensorboard_the_error_says_what_to_do(make_params, pairs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(PackageMissing, match=r"pip install tensorboard.*shared\.tensorboard to false"):
        train_srcnn(make_params(shared={"tensorboard": True}), *pairs, tmp_path, "print")


@pytest.fixture
def usual_ctrl_c():
    """Ctrl-C as in a terminal: a process started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("usual_ctrl_c")
def test_the_first_is_a_request_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), stop_request() as stopping:
        assert not stopping()
        press_ctrl_c()
        assert stopping()
        press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("usual_ctrl_c")
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
