"""The schema is the gate: what it lets through, what it refuses, and in which words."""

from pathlib import Path

import pytest

from srgan_lib import params
from srgan_lib.layout import STAGES
from srgan_lib.params import ComparisonParams, Params
from srgan_lib.params.section import ParameterError
from srgan_report import params_file

ROOT = Path(__file__).parents[1]


def test_names_are_unique_between_shared_and_each_stage():
    shared = set(params.Shared.model_fields)
    for stage in STAGES:
        assert not shared & set(Params.model_fields[stage].annotation.model_fields), stage


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"warmup": {"stepz": 3}}, ["warmup.stepz", "unknown", "'steps'"]),
        ({"warmupp": {"steps": 3}}, ["warmupp", "unknown section", "'warmup'"]),
        ({"warmup": {"steps": "many"}}, ["warmup.steps", "'many'", "a whole number"]),
        ({"warmup": {"steps": 0}}, ["warmup.steps", "0", "greater than or equal to 1"]),
        ({"shared": {"scale": 5}}, ["shared.scale", "5", "2, 3, 4 or 8"]),
        ({"shared": {"device": "gpu"}}, ["shared.device", "'gpu'", "auto, cpu, cuda or cuda:N"]),
        ({"shared": {"threads": 0}}, ["shared.threads", "'auto'", "greater than or equal to 1"]),
        ({"adversarial": {"content_layers": {"relu9_9": 1}}}, ["adversarial.content_layers", "relu9_9"]),
        ({"warmup": {"learning_rate": float("nan")}}, ["warmup.learning_rate", "finite"]),
        ({"shared": {"crop": 32}, "warmup": {"grid_weight": 0.1}}, ["warmup.grid_weight", "48", "32"]),
        (
            {"shared": {"degradation": "realistic"}, "warmup": {"lr_consistency": True}},
            ["warmup.lr_consistency", "realistic"],
        ),
        ({"shared": {"sharpen_targets": True}}, ["sharpen_targets", "degradation realistic"]),
        (
            {"shared": {"sharpen_targets": True, "degradation": "realistic", "crop": 24}},
            ["sharpen_targets", "more than 25", "24"],
        ),
        ({"shared": {"crop": 98}}, ["shared.crop", "98", "shared.scale = 4", "96 or 100"]),
        ({"shared": {"dataset": "folder"}}, ["shared.image_folder", "give the folder"]),
        ({"shared": {"image_folder": "x"}}, ["image_folder", "only with dataset 'folder'"]),
        ({"warmup": {"pixel_weight": 0, "content_weight": 0}}, ["warmup.pixel_weight", "at least one"]),
        ({"warmup": 3}, ["warmup", "3"]),
        ({"evaluation": {"baselines": ["nearest"]}}, ["evaluation.baselines", "bicubic", "add it"]),
        ({"evaluation": {"methods": {"srgan": "x"}}}, ["evaluation.methods", "'srgan' is taken"]),
        ({"evaluation": {"methods": {"a/b": "x"}}}, ["evaluation.methods", "'a/b'"]),
        ({"evaluation": {"interpolations": [0.5, 1.5]}}, ["evaluation.interpolations.1", "1.5", "less than 1"]),
        ({"published": {"metrics": [{"values": 1}]}}, ["published.metrics.0.values", "'value'", "dataset: is missing"]),
        ({"published": {"titel": "x"}}, ["published.titel", "'title'"]),
        ({"warmup": {"generator": "my_net"}}, ["warmup.generator", "'my_net'", "'srresnet'", "FILE.py:Class"]),
        ({"warmup": {"extra_losses": {"my_loss": 1}}}, ["warmup.extra_losses", "'my_loss'", "FILE.py:Class"]),
        ({"adversarial": {"extra_losses": {"a.py:L": -1}}}, ["adversarial.extra_losses", "-1", "greater than"]),
        ({"warmup": {"extra_losses": {"a.py:L": 1, "b.py:L": 1}}}, ["warmup.extra_losses", "'L'", "rename one"]),
        ({"warmup": {"generator": "a/x.py:G", "extra_losses": {"b/x.py:L": 1}}}, ["warmup.extra_losses", "'x.py'"]),
    ],
)
def test_wrong_parameters_are_named_with_what_is_allowed(document, words):
    with pytest.raises(ParameterError) as error:
        params_file.check(document, "x.yaml")
    for word in ["x.yaml", *words]:
        assert word in str(error.value)


def test_what_a_recipe_s_source_published_goes_to_the_evaluation_alone():
    document = {"published": {"title": "A report", "metrics": [], "curves": []}}
    got = params_file.check(document)
    assert got.stage("evaluation")["published"]["title"] == "A report"
    assert "published" not in got.stage("adversarial")
    assert params_file.check_stage("evaluation", got.stage("evaluation")).published == got.published
    with pytest.raises(ParameterError, match=r"published\.curves\.0\.quantity"):
        params_file.check({"published": {"curves": [{"stage": "warmup", "value": 1}]}})


def test_none_means_null_where_null_is_allowed_and_itself_elsewhere(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("shared: {train_images: none, image_folder: none}\nwarmup: {global_skip: none, monitor: none}\n")
    got = params_file.read(file, ("adversarial.epochs=none",))
    assert got.shared.train_images is got.shared.image_folder is got.warmup.monitor is got.adversarial.epochs is None
    assert got.warmup.global_skip == "none"
    assert params_file.check_stage("data", {"train_images": "none"}).shared.train_images is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("010", 10), ("1_000", 1000), ("1e3", 1000), ("+7", 7), ("'12'", 12), ("0007", 7), ("5.0", 5), ("1.5e2", 150)],
)
def test_numbers_are_read_as_a_person_reads_them(text, value):
    assert params_file.read(ROOT / "params/demo.yaml", (f"warmup.steps={text}",)).warmup.steps == value


@pytest.mark.parametrize(
    ("text", "value"), [("yes", True), ("No", False), ("on", True), ("OFF", False), ("true", True), ("False", False)]
)
def test_switches_are_read_as_a_person_reads_them(text, value):
    assert params_file.read(ROOT / "params/demo.yaml", (f"warmup.augment={text}",)).warmup.augment is value


@pytest.mark.parametrize("text", ["2001-01-01", "12:30", "yes", "0001", "0x10", "=", "1.2.3"])
def test_texts_stay_as_they_are_written(text):
    assert params_file.read(ROOT / "params/demo.yaml", (f"title={text}",)).title == text


def test_overrides_and_overlays(tmp_path):
    file, overlay = tmp_path / "x.yaml", tmp_path / "over.yaml"
    file.write_text("warmup:\n  steps: 7\n  batch: 3\n")
    overlay.write_text("warmup:\n  steps: 8\n")
    got = params_file.read(file, ("adversarial.adversarial_weight=1e-3", "batch=4"), (overlay,))
    assert got.warmup.steps == 8
    assert got.adversarial.adversarial_weight == 1e-3
    assert got.srcnn.batch == got.warmup.batch == got.adversarial.batch == 4


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("adversarial.weight=1", ["adversarial.weight", "unknown"]),
        ("content_wieghts=random", ["content_wieghts", "'content_weights'"]),
        ("steps", ["steps", "stage.name=value"]),
        ("=5", ["-p =5", "stage.name=value"]),
        ("warmup.=5", ["stage.name=value"]),
        ("a.b.c=5", ["stage.name=value"]),
        ("CROP=96", ["'CROP'", "did you mean 'crop'?"]),
        ("warmup.CROP=96", ["-p warmup.CROP=96", "'crop' is one of 'shared'"]),
        ("warmup.steps_=1", ["-p warmup.steps_=1", "did you mean 'steps'?"]),
        ("qqq=1", ["'qqq'", "srgan params lists all"]),
        ("wormup.steps=1", ["-p wormup.steps=1", "unknown section", "'warmup'"]),
        ("title=5", ["-p title=5", "a text"]),
        ("lpips_nets=alex", ["such as [alex]"]),
        ("warmup.steps=", ["nothing is given", "a whole number"]),
        ("crop=1:30", ["'1:30'", "a whole number"]),
        ("warmup.steps=0x10", ["'0x10'", "a whole number"]),
        ("learning_rate=.inf", ["'.inf'", "a number"]),
        ("warmup={1: 2}", ["warmup.1", "unknown parameter"]),
        ("content_layers={2: 1}", ["content_layers.2", "relu2_2"]),
        ("warmup.steps=[1", ["warmup.steps=[1", "YAML"]),
    ],
)
def test_wrong_overrides(tmp_path, override, words):
    file = tmp_path / "x.yaml"
    file.write_text("")
    with pytest.raises(ParameterError) as error:
        params_file.read(file, (override,))
    for word in words:
        assert word in str(error.value)
    assert len(str(error.value)) < 600


WRONG = (None, [], {}, "x", -1, 1.5, True, {1: 2}, [[1]], {"a": {}}, 10**400, [None], "[a]", {"x": [1]})
PYDANTIC = (
    "Input",
    "should be a valid",
    "List",
    "Dictionary",
    "Keys",
    "pars",
    "instance",
    "pattern",
    "None ",
    "be be ",
)


@pytest.mark.parametrize("section", ["shared", *STAGES, "published"])
def test_no_refusal_speaks_as_pydantic_does(section):
    refused = 0
    for name in Params.model_fields[section].annotation.model_fields:
        for value in WRONG:
            try:
                params_file.check({section: {name: value}})
            except ParameterError as error:
                refused += 1
                assert not [words for words in PYDANTIC if words in str(error)], error
                assert str(error).startswith(f"parameters: {section}.") and len(str(error)) < 1000
    assert refused > 10


def test_papermill_s_texts_for_lists_get_its_option():
    with pytest.raises(ParameterError, match=r"a list, not a text; papermill takes one by -y 'test_sets: \[Set5\]'"):
        params_file.check_stage("evaluation", {"test_sets": "[Set5]"})
    with pytest.raises(ParameterError, match=r"a mapping, not a text; papermill takes one by -y 'methods: \{a: b\}'"):
        params_file.check_stage("evaluation", {"methods": "{a: b}"})


def test_a_name_of_no_section_sets_the_title_or_a_whole_section():
    file = ROOT / "params/demo.yaml"
    got = params_file.read(file, ("title=Mine", "warmup={steps: 7}"))
    assert (got.title, got.warmup.steps) == ("Mine", 7)
    assert got.warmup.content_weight == params_file.read(file).warmup.content_weight


@pytest.mark.parametrize(
    ("pattern", "first", "count"),
    [
        ("adversarial_w*", "adversarial.adversarial_weight", 1),
        ("warmup.steps", "warmup.steps", 1),
        ("STEPS", "srcnn.steps", 3),
        ("beta?", "srcnn.beta1", 6),
        ("*.seed", "shared.seed", 1),
        ("tit", "title", 1),
        ("[", None, 0),
        ("adversarial_weihgt", None, 0),
    ],
)
def test_parameters_are_found_by_part_or_pattern(pattern, first, count):
    if first is None:
        with pytest.raises(ParameterError, match="no parameter has"):
            params_file.described(pattern)
        return
    names = [row[0] for row in params_file.described(pattern)]
    assert (names[0], len(names)) == (first, count)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["no such params file", "demo.yaml"]),
        ("- 1\n- 2\n", ["expected sections"]),
        ("warmup: [1\n", ["line 2", "not YAML"]),
    ],
)
def test_files_that_are_no_params_files(tmp_path, content, words):
    file = tmp_path / "x.yaml"
    (tmp_path / "demo.yaml").write_text("")
    if content is not None:
        file.write_text(content)
    with pytest.raises(ParameterError) as error:
        params_file.read(file)
    for word in words:
        assert word in str(error.value)


def test_an_empty_section_means_its_defaults(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("warmup:\n  # steps: 7\n")
    assert params_file.read(file) == Params()


def test_every_parameter_is_described():
    rows = list(params_file.describe())
    sections = [Params.model_fields[name].annotation for name in ("shared", *STAGES)]
    assert len(rows) == 1 + sum(len(section.model_fields) for section in (*sections, ComparisonParams))
    for name, default, allowed, meaning in rows:
        assert default and allowed and meaning, name


def test_all_params_files_are_valid():
    for file in sorted((ROOT / "params").glob("*.yaml")):
        params_file.read(file)


def test_an_own_loss_is_enough_of_a_loss():
    alone = {"pixel_weight": 0, "content_weight": 0, "extra_losses": {"my_loss.py:MyLoss": 0.1}}
    assert params_file.check({"warmup": alone}).warmup.extra_losses == {"my_loss.py:MyLoss": 0.1}
    with pytest.raises(ParameterError, match="at least one"):
        params_file.check({"warmup": alone | {"extra_losses": {"my_loss.py:MyLoss": 0}}})


def test_own_classes_by_the_command_line(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("")
    overrides = ("warmup.generator=nets/my_net.py:MyNet", "adversarial.extra_losses={my_loss.py:MyLoss: 0.1}")
    got = params_file.read(file, overrides)
    assert got.warmup.generator == "nets/my_net.py:MyNet"
    assert got.adversarial.extra_losses == {"my_loss.py:MyLoss": 0.1} and got.warmup.extra_losses == {}
