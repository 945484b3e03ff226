"""Arms, candidates and axes: what their files hold, and what is refused in one line."""

import json
import re

import pytest

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS, load_candidates
from mucpt_utils.config.axes import Axis, load_axes, read_axes
from mucpt_utils.config.files import SettingsError, read_entries
from mucpt_utils.config.scoring import Arm, Criterion

AXIS = "{title: t, levels: [{name: default}, {name: b, set: {replay: 0.1}}]}"
MIXTURES = sorted((paths.PACKAGE / "config/mixtures").glob("*.yaml"))


@pytest.fixture
def refused(tmp_path):
    """A function: the one line that says why a file with this text is not allowed."""

    def read(text, model=Arm, others=ARMS):
        path = tmp_path / "own.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError) as error:
            read_entries(path, model, others)
        message = str(error.value)
        assert "own.yaml" in message and "\n" not in message
        return message

    return read


def entries(tmp_path, text, others=ARMS):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return read_entries(path, Arm, others)


# --- arms -----------------------------------------------------------------------------------------


def test_arms_keep_their_promises():
    assert [name for name, arm in ARMS.items() if not arm.trained] == ["base", "reference"]
    assert not ARMS["plain"].uses_reference and not ARMS["random"].uses_reference
    assert ARMS["rho1"].tokens.form == "step" and ARMS["rho1"].tokens.compare == "difference"
    inverse, forward = ARMS["inverse"].tokens, ARMS["soft_dynamic"].tokens
    assert inverse == forward.model_copy(update={"direction": "inverse"}) != forward
    assert ARMS["selection_soft"].tokens == forward, "the same criterion for both uses"
    selects, color = ARMS["selection"].documents, ARMS["color_filter"].documents
    assert ARMS["selection_soft"].documents == selects
    assert color == selects.model_copy(update={"compare": "difference"}) != selects
    assert len({arm.title for arm in ARMS.values()}) == len(ARMS)


def test_every_criterion_is_written_out_by_what_is_no_default():
    """The settings of the two soft criteria, spelt here once more: no default may move them."""
    static, dynamic = ARMS["soft_static"].tokens, ARMS["soft_dynamic"].tokens
    assert static == Criterion(numerator="static", form="log", scale=6.0)
    assert dynamic == Criterion(numerator="dynamic", form="power", power=1.0)
    assert ARMS["soft_mixed"].tokens == static.model_copy(update={"mix": 0.5})


def test_an_arm_begins_like_another_and_changes_what_it_names(tmp_path):
    arms = entries(
        tmp_path, "a: {like: b, title: A, tokens: {mix: 0.5}}\nb: {like: rho1, title: B}"
    )
    assert list(arms) == ["a", "b"], "in the order of the file"
    assert arms["b"] == ARMS["rho1"].model_copy(update={"title": "B"})
    assert arms["a"].tokens == ARMS["rho1"].tokens.model_copy(update={"mix": 0.5})
    assert arms["a"].role == "baseline" and arms["a"].title == "A"


def test_an_arm_of_the_study_comes_before_one_of_the_file(tmp_path):
    arms = entries(tmp_path, "plain: {like: plain, title: mine}")
    assert arms["plain"] == ARMS["plain"].model_copy(update={"title": "mine"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {title: A, tokens: {scael: 2}}", "'a', setting 'tokens.scael': unknown; .* scale"),
        ("a: {title: A, token: {}}", "'a', setting 'token': unknown; .* tokens"),
        ("a: {title: A, tokens: {mix: 2}}", "'a', setting 'tokens.mix': .*less than or equal to 1"),
        ("a: {tokens: {}}", "'a', setting 'title': Field required"),
        (
            "a: {like: magic, title: A}",
            "'a', setting 'like': 'magic' is not allowed; .* soft_static",
        ),
        ("a: {like: [rho1]}", "'like'.*is not allowed"),
        ("a: {like: a, title: A}", "'a', setting 'like': 'a' is not allowed"),
        ("a: {like: b}\nb: {like: a}", "'b', setting 'like': 'a' is not allowed"),
        ("a: {title: A}\na: {title: B}", "'a' is given twice"),
        ("a: {title: A, title: B}", "'title' is given twice"),
        ("a: 5", "'a': expected `setting: value`"),
        ("A b: {title: A}", "'A b' is not a name"),
        ("5: {title: A}", "5 is not a name"),
        ("- a", "expected lines"),
        ("", "no entry in it"),
        ("{}", "no entry in it"),
        ("a: [", "not YAML"),
        ("a: {title: A, tokens: {low: 2}}", "'a', setting 'tokens': low .2.0. must be below high"),
    ],
)
def test_a_wrong_arm_is_named_with_what_is_allowed(text, said, refused):
    assert re.search(said, refused(text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match="none.yaml: No such file"):
        read_entries(tmp_path / "none.yaml", Arm)


# --- candidates -----------------------------------------------------------------------------------


def test_every_candidate_trains_in_its_own_way():
    candidates = load_candidates()
    said = {
        name: arm.model_dump_json(exclude_defaults=True, exclude={"title", "role"})
        for name, arm in candidates.items()
    }
    assert len(set(said.values())) == len(candidates)
    assert len({arm.title for arm in candidates.values()}) == len(candidates)
    for name, arm in candidates.items():
        assert arm.trained and arm.documents is None and arm.random_tokens is None
        own = {"title": arm.title, "role": arm.role}
        assert Arm(**json.loads(said[name]), **own) == arm, "the log says what it was"


def test_a_candidate_that_is_named_like_an_arm_is_that_arm():
    for name, arm in load_candidates().items():
        assert arm == ARMS.get(name, arm)


# --- axes and mixtures ----------------------------------------------------------------------------


def test_an_axis_compares_its_levels_with_the_one_that_changes_nothing():
    for name, axis in load_axes().items():
        assert axis.default.set == {} and axis.default.changes == "nothing", name
        assert axis.changed and axis.default not in axis.changed


def test_a_level_says_what_it_changes():
    level = Axis.model_validate(
        {"title": "t", "levels": [{"name": "a"}, {"name": "b", "set": {"replay": 0, "x.y": "z"}}]}
    ).changed[0]
    assert level.changes == "replay = 0, x.y = z"


@pytest.mark.parametrize("path", MIXTURES, ids=lambda path: path.stem)
def test_a_mixture_is_an_axis_of_one_level_beside_the_profiles_own(path):
    (name, axis), *others = read_axes(path).items()
    assert not others and name == path.stem
    assert axis.default.name == "default" and len(axis.changed) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: t", "title: t, arms: [magic]", r"'a', setting 'arms': unknown arms \['magic'\]"),
        ("title: t", "title: t, arms: [rho1, rho1]", "setting 'arms': rho1 given twice"),
        ("title: t", "title: t, arms: []", "setting 'arms': .*at least 1 item"),
        ("{name: default}, ", "", "setting 'levels': .*at least 2 items"),
        ("name: b", "name: default", "setting 'levels': default given twice"),
        ("default}", "default, set: {replay: 0}}", "setting 'levels': one level, and one alone"),
        (", set: {replay: 0.1}", "", "setting 'levels': one level, and one alone"),
        ("name: b", "nmae: b", "setting 'levels.1.name': Field required"),
        ("set: {", "sets: {", "setting 'levels.1.sets': unknown; allowed here: name, set"),
        ("{replay: 0.1}", "5", "setting 'levels.1.set': needs settings of its own"),
        ("{replay: 0.1}", "{seeds: [7]}", "setting 'levels.1.set': 'seeds' is the same at every"),
        ("{replay: 0.1}", "{arms: [rho1]}", "setting 'levels.1.set': 'arms' is the same at every"),
    ],
)
def test_a_wrong_axis_is_named_with_what_is_allowed(old, new, said, refused):
    assert re.search(said, refused(f"a: {AXIS.replace(old, new)}", Axis, {}))


def test_a_title_may_begin_with_the_word_false(tmp_path):
    """What went wrong once: `false statements` was read as a truth value, and failed."""
    path = tmp_path / "own.yaml"
    path.write_text(
        "x:\n  title: false statements\n  levels:\n"
        "    - {name: true things, set: {replay: 0.0}}\n    - {name: as is}\n"
    )
    axis = read_axes(path)["x"]
    assert axis.title == "false statements" and axis.levels[0].name == "true things"
