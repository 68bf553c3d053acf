import json

import pytest
import safetensors
import torch
from torch import nn

from srgan_lib.models.files import CheckpointError, load_model, load_tensors, save_model, save_tensors
from srgan_lib.models.generators import build_generator
from srgan_lib.params.training import Warmup
from srgan_lib.training.checkpoints import Checkpoints, NetworkState, TrainingState
from srgan_lib.training.optimizer import Optimizer

CONFIG = {"architecture": "srresnet", "scale": 2, "channels": 4, "blocks": 1}


def tensors():
    return {
        "weights": torch.arange(6.0).reshape(2, 3),
        "step": torch.tensor(7.0),
        "half": torch.ones(1, 2, 2, 2, dtype=torch.bfloat16).to(memory_format=torch.channels_last),
    }


def test_round_trip(tmp_path):
    save_tensors(tmp_path / "a.safetensors", tensors(), {"step": 3, "history": [{"loss": 0.1}]})
    loaded, metadata = load_tensors(tmp_path / "a.safetensors")
    assert metadata == {"step": 3, "history": [{"loss": 0.1}]}
    for name, tensor in tensors().items():
        assert torch.equal(loaded[name], tensor) and loaded[name].dtype == tensor.dtype


def test_equal_contents_give_equal_bytes(tmp_path):
    metadata = {f"fact{i}": i for i in range(8)}
    for name in "abcdefgh":
        save_tensors(tmp_path / name, {"a": torch.ones(3), "b": torch.zeros(2)}, metadata)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_any_wrong_byte_is_noticed(tmp_path):
    path = tmp_path / "a.safetensors"
    save_tensors(path, tensors(), {"step": 3})
    content = path.read_bytes()
    for place in range(len(content)):
        for change in (0x01, 0x20):
            path.write_bytes(content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
            with pytest.raises(CheckpointError, match=r"a\.safetensors.*damaged"):
                load_tensors(path)
    for cut in (0, 7, 40, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(CheckpointError, match="damaged|empty"):
            load_tensors(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.safetensors: cannot be read: No such file"):
        load_tensors(tmp_path / "nothing.safetensors")
    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "plain.safetensors")
    with pytest.raises(CheckpointError, match="not a file with weights written by this project"):
        load_tensors(tmp_path / "plain.safetensors")
    torch.save({"a": torch.ones(1)}, tmp_path / "pickle.pth")
    with pytest.raises(CheckpointError, match="not a file with weights written by this project"):
        load_tensors(tmp_path / "pickle.pth")


def test_model_is_built_again(tmp_path):
    model = build_generator(CONFIG).to(memory_format=torch.channels_last)
    save_model(tmp_path / "g.safetensors", model, CONFIG, stage="warmup", steps=5)
    loaded, metadata = load_model(tmp_path / "g.safetensors")
    assert metadata == {"config": CONFIG, "stage": "warmup", "steps": 5}
    assert not loaded.training
    lr = torch.rand(1, 3, 6, 6)
    torch.testing.assert_close(loaded(lr), model.eval()(lr))
    assert set(load_tensors(tmp_path / "g.safetensors")[0]) == set(model.state_dict())


def test_weights_that_do_not_fit_are_refused(tmp_path):
    model = build_generator(CONFIG)
    save_model(tmp_path / "wrong.safetensors", model, {**CONFIG, "scale": 4})
    with pytest.raises(
        CheckpointError, match=r"(?s)not a network that this version can enlarge images with: .*upsampler"
    ):
        load_model(tmp_path / "wrong.safetensors")
    save_model(tmp_path / "future.safetensors", model, {"architecture": "unet"})
    with pytest.raises(CheckpointError, match="unknown architecture 'unet'"):
        load_model(tmp_path / "future.safetensors")
    save_model(tmp_path / "discriminator.safetensors", model, {"architecture": "srgan", "crop": 32})
    with pytest.raises(CheckpointError, match="unknown architecture 'srgan'; there are srcnn, srresnet"):
        load_model(tmp_path / "discriminator.safetensors")
    save_tensors(tmp_path / "state.safetensors", {}, {"step": 1})
    with pytest.raises(CheckpointError, match="a state for resuming training, not a network"):
        load_model(tmp_path / "state.safetensors")


def test_loading_runs_no_code(tmp_path):
    """A file's metadata is data: nothing in it is looked up but the names of known architectures."""
    save_tensors(tmp_path / "g.safetensors", {}, {"config": {"architecture": "os.system", "command": "true"}})
    with pytest.raises(CheckpointError, match="unknown architecture"):
        load_model(tmp_path / "g.safetensors")


def test_keeps_the_last_states(tmp_path, caplog):
    states = Checkpoints(tmp_path, "print", keep=2)
    for step in (100, 200, 300):
        states.save(step, {"a": torch.tensor(float(step))}, {})
    assert [path.name for path in states.files()] == ["step_00000300.safetensors", "step_00000200.safetensors"]
    loaded, metadata = states.newest()
    assert loaded["a"] == 300 and metadata["step"] == 300 and not caplog.messages


def test_a_damaged_state_gives_way_to_the_one_before(tmp_path, caplog):
    states = Checkpoints(tmp_path, "print", keep=2)
    for step in (100, 200):
        states.save(step, {"a": torch.tensor(float(step))}, {})
    newest = states.files()[0]
    newest.write_bytes(newest.read_bytes()[:-1] + b"!")
    assert states.newest()[1]["step"] == 100
    assert Checkpoints(tmp_path / "empty", "print", 1).newest() is None
    (warning,) = caplog.messages
    assert "step_00000200.safetensors: damaged" in warning


def test_states_of_other_parameters_are_moved_aside(tmp_path, caplog):
    Checkpoints(tmp_path, "otherprint", keep=1).save(100, {"a": torch.ones(1)}, {})
    assert Checkpoints(tmp_path, "print", keep=1).newest() is None
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.safetensors")] == [
        "otherpri/step_00000100.safetensors"
    ]
    (warning,) = caplog.messages
    assert "other parameters, data or code" in warning and "otherpri" in warning


def test_facts_are_one_json_entry(tmp_path):
    save_tensors(tmp_path / "a.safetensors", tensors(), {"step": 3})
    with safetensors.safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        metadata = file.metadata()
    assert set(metadata) == {"srgan"} and set(json.loads(metadata["srgan"])) == {"sha256", "step"}


def test_the_moving_average_by_hand(tmp_path):
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(network[0].weight, 1.0)
    networks = {"generator": NetworkState(network, {}, Optimizer(network, Warmup(), 1e-3, "constant"))}
    state = TrainingState(networks, 0.9, Checkpoints(tmp_path, "print", 1))
    for step, value in enumerate((2.0, 4.0), 1):
        nn.init.constant_(network[0].weight, value)
        network[1].running_mean.fill_(value)
        state.add(step, {"loss": torch.tensor(1.0)})
        state.save(step)
    expected = torch.tensor([[0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 4]])
    torch.testing.assert_close(state.eval_network[0].weight.detach(), expected)
    assert state.eval_network[1].running_mean.item() == 4.0
    assert network[0].weight.item() == 4.0
    nn.init.constant_(network[0].weight, 0.0)
    resumed = TrainingState(networks, 0.9, state.checkpoints)
    assert resumed.restore() == 2
    resumed.add(3, {})
    torch.testing.assert_close(resumed.eval_network[0].weight.detach(), 0.9 * expected + 0.1 * 4)
