import pytest

from srgan_lib.models.files import load_model, save_model
from srgan_lib.models.generators import build_generator, generator_config
from srgan_lib.models.shipped import find_start
from srgan_lib.params.section import ParameterError
from srgan_lib.params.training import Warmup
from srgan_lib.training.warmup import started_config, train_warmup

SMALL = {"generator_channels": 4, "generator_blocks": 1, "generator_norm": "none"}


@pytest.fixture
def network(tmp_path):
    config = generator_config(Warmup(**SMALL), 4)
    path = tmp_path / "start.safetensors"
    model = build_generator(config)
    save_model(path, model, config)
    return path, config


def test_the_architecture_comes_from_the_file(network):
    path, config = network
    assert started_config(Warmup(), 4, path) == config
    assert started_config(Warmup(**SMALL), 4, path) == config


@pytest.mark.parametrize(
    ("parameter", "message"),
    [({"generator_channels": 8}, "channels is 8, and .* has 4"), ({"generator": "espcn"}, "architecture is 'espcn'")],
)
def test_what_contradicts_the_file_is_refused(network, parameter, message):
    with pytest.raises(ParameterError, match=message):
        started_config(Warmup(**parameter), 4, network[0])


def test_another_scale_and_no_network_are_refused(network, tmp_path):
    with pytest.raises(ParameterError, match="enlarges ×4, and shared.scale is 2"):
        started_config(Warmup(), 2, network[0])
    with pytest.raises(ParameterError, match="neither a file nor a network shipped"):
        find_start(str(tmp_path / "nothing.safetensors"), 4)
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(ParameterError, match="not a file with weights"):
        started_config(Warmup(), 4, tmp_path / "text.safetensors")


def test_shipped_networks_have_names():
    assert find_start("srresnet", 4).name == "srresnet_x4.safetensors"


def test_training_begins_where_the_file_ends(network, make_params, pairs, tmp_path):
    """With a rate of almost nothing the weights stay those of the file."""
    path, _ = network
    params = make_params(warmup={"start": str(path), "learning_rate": 1e-12, "steps": 1, "content_weight": 0})
    train_warmup(params, *pairs, tmp_path / "run", "x")
    (begun, _), (trained, _) = load_model(path), load_model(tmp_path / "run" / "generator.safetensors")
    for name, value in begun.state_dict().items():
        assert (trained.state_dict()[name] - value).abs().max() < 1e-6


def test_consistency_is_added(network, make_params, pairs, tmp_path):
    parameters = {"start": str(network[0]), "lr_consistency": True, "steps": 1, "content_weight": 0}
    train_warmup(make_params(warmup=parameters), *pairs, tmp_path / "run", "x")
    model, metadata = load_model(tmp_path / "run" / "generator.safetensors")
    assert metadata["config"]["consistent"] and model.consistency is not None


def test_even_phases_are_added_where_a_network_has_them(network, tmp_path):
    path, config = network
    asked = Warmup(generator_even_phases=True)
    assert started_config(asked, 4, path) == {**config, "even_phases": True}
    save_model(path, build_generator(config), {**config, "even_phases": True})
    assert started_config(Warmup(), 4, path)["even_phases"], "what the file has stays"
    other = generator_config(Warmup(generator="espcn"), 4)
    save_model(tmp_path / "espcn.safetensors", build_generator(other), other)
    with pytest.raises(
        ParameterError, match="generator_even_phases: .* is of espcn, and only srresnet and plain have them"
    ):
        started_config(asked, 4, tmp_path / "espcn.safetensors")
