"""Roles of subjects: each has one, and what the reference model knows changes with the seed."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from mucpt_utils.config.knowledge import WorldSettings
from mucpt_utils.knowledge.facts import Fact, fold, load_facts
from mucpt_utils.knowledge.invented import (
    InventedError,
    invented_facts,
    is_invented,
    name_parts,
    words_of,
)
from mucpt_utils.knowledge.roles import Roles, RolesError, draw_roles

TEST = [f"tested {i}" for i in range(20)]
DEV = [f"dev {i}" for i in range(10)]


def facts(names, domain="music", each=3):
    return [
        Fact(
            id=f"{domain[0]}:{relation}:{name}",
            subject=name,
            relation=f"artist.{relation}",
            object=f"{relation} of {name}",
            aliases=("also", "known"),
            popularity="popular",
            valid_as_of="2025-01-01",
            reference="https://example.org",
            category="artist",
            domain=domain,
            subject_aliases=("other name",),
        )
        for name in names
        for relation in ("country", "city", "birth_year")[:each]
    ]


SPARE = [f"spare {i}" for i in range(40)]
LONELY = [f"lonely {i}" for i in range(10)]
MUSIC = facts(SPARE[:20]) + facts(TEST) + facts(LONELY, each=1) + facts(DEV) + facts(SPARE[20:])
GENERAL = facts([f"general {i}" for i in range(30)], "general")


def settings(**changes):
    options = {"subjects": 12, "practice": 15, "calibration": 5, "general": 20}
    return WorldSettings(**{**options, **changes})


def make(music=MUSIC, seed=0, **changes):
    return draw_roles(music, GENERAL, TEST, DEV, settings(**changes), seed)


def subjects(role):
    return list(dict.fromkeys(fact.subject for fact in role))


def roles(world):
    return [subjects(r) for r in (world.test, world.practice, world.calibration, world.general)]


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["test", "dev"])
@pytest.mark.parametrize("seed", range(3))
def test_no_subject_has_two_roles(split, seed):
    drawn = roles(make(seed=seed, split=split))
    assert [len(role) for role in drawn] == [12, 15, 5, 20]
    together = [name for role in drawn for name in role]
    assert len(set(together)) == len(together)


@pytest.mark.parametrize("split", ["test", "dev"])
def test_a_role_has_all_facts_of_its_subjects(split):
    world = make(split=split)
    for role, every in ((world.test, MUSIC), (world.practice, MUSIC), (world.general, GENERAL)):
        chosen = set(subjects(role))
        assert {f.id for f in role} == {f.id for f in every if f.subject in chosen}
        assert len({f.id for f in role}) == len(role)


def test_the_test_split_takes_the_benchmarks_subjects_in_its_order():
    world = make()
    assert subjects(world.test) == TEST[:12]
    others = set(subjects(world.practice + world.calibration))
    assert not others & set(TEST) and not others & set(DEV)


def test_the_dev_split_never_touches_a_reported_question():
    world = make(split="dev", subjects=12)
    tested = subjects(world.test)
    assert tested[:10] == DEV, "dev subjects first"
    assert all(name in SPARE for name in tested[10:]), "then subjects without a question"
    every = {name for role in roles(world) for name in role}
    assert not every & set(TEST)


def test_roles_that_teach_have_subjects_with_several_facts():
    world = make(practice=30, calibration=10)
    assert not set(subjects(world.practice + world.calibration)) & set(LONELY)


def test_fewer_subjects_than_asked_for_are_all_there_are():
    assert subjects(make(subjects=500).test) == TEST
    assert len(subjects(make(general=500).general)) == 30


def test_skipped_subjects_are_those_that_another_profile_asks_of():
    first, second = make(), make(skip=12)
    assert subjects(second.test) == TEST[12:24]
    assert roles(first)[1:] == roles(second)[1:], "who teaches is the same"
    with pytest.raises(RolesError, match=f"world.skip={len(TEST)} passes over all {len(TEST)}"):
        make(skip=len(TEST))
    assert not set(subjects(make(split="dev", skip=12).test)) & set(TEST)


def test_subjects_of_questions_without_facts_are_left_out():
    world = draw_roles(MUSIC, GENERAL, ["unheard of", *TEST], DEV, settings())
    assert subjects(world.test) == TEST[:12]


def test_the_seed_moves_who_teaches_but_not_who_is_asked():
    first, second = make(seed=0), make(seed=1)
    assert first == make(seed=0)
    assert first.test == second.test
    assert subjects(first.practice) != subjects(second.practice)
    assert first.general != second.general


def test_the_general_twin_is_a_share_of_the_general_subjects():
    world = make(general_asked=0.25)
    assert len(world.general_asked) == 5
    assert world.general_asked < set(subjects(world.general))


@pytest.mark.parametrize(
    "split, left, taken",
    [("test", 40, ""), ("dev", 38, r"; world\.skip \+ world\.subjects take 2 more")],
)
def test_too_few_spare_subjects_are_said(split, left, taken):
    message = rf"= 45, but only {left} music subjects are free of questions{taken}$"
    with pytest.raises(ValueError, match=message):
        make(practice=40, calibration=5, split=split)
    assert len(subjects(make(practice=left - 5, calibration=5, split=split).practice)) == left - 5


def test_categories_choose_and_an_unknown_one_is_refused():
    assert subjects(make(categories=("artist",)).test) == TEST[:12]
    with pytest.raises(ValueError, match=r"world\.categories: unknown .*'opera'.*allowed: artist"):
        make(categories=("artist", "opera"))
    with pytest.raises(ValueError, match=r"world\.general_categories"):
        make(general_categories=("country",))


# --- what the reference model knows ---------------------------------------------------------------


def test_covered_depends_on_the_seed_only():
    world = make()
    assert world.covered(0.6, 3) == world.covered(0.6, 3)
    assert len({frozenset(world.covered(0.6, seed)) for seed in range(8)}) > 4
    other = Roles(world.test[::-1], [], world.calibration, [])
    assert other.covered(0.6, 3) == world.covered(0.6, 3), "not on the order, nor on other roles"


@pytest.mark.parametrize("share, count", [(0, 0), (0.5, 6), (0.6, 7), (1, 12)])
def test_covered_is_a_share_of_the_subjects_under_test(share, count):
    world = make()
    known = world.covered(share, 0)
    assert len(known) == count and known <= set(subjects(world.test))


def test_more_coverage_only_adds_subjects():
    world = make()
    shares = [world.covered(share, 1) for share in (0.3, 0.6, 1.0)]
    assert shares[0] < shares[1] < shares[2]


def test_every_subject_is_covered_in_some_seed_and_not_in_another():
    world = make()
    times = {name: 0 for name in subjects(world.test)}
    for seed in range(40):
        for name in world.covered(0.5, seed):
            times[name] += 1
    assert all(5 < count < 35 for count in times.values())


def test_complementary_seeds_know_what_the_others_do_not():
    world = make()
    even, odd, next_even, next_odd = (world.covered(0.5, seed, True) for seed in range(4))
    assert even == next_even and odd == next_odd and len(even) == len(odd)
    assert not even & odd and even | odd == set(subjects(world.test))


# --- on disk --------------------------------------------------------------------------------------


def test_roles_survive_json():
    world = make()
    back = Roles.from_dict(json.loads(json.dumps(world.as_dict())))
    assert back == world
    assert back.covered(0.6, 5) == world.covered(0.6, 5)


@pytest.mark.parametrize(
    "wrong", [{"split": "train"}, {"subjects": 3}, {"covered": 1.1}, {"general_asked": 1}, {"x": 1}]
)
def test_wrong_settings_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        settings(**wrong)


def test_the_projects_own_subjects_have_one_role_each():
    """No name is both a music and a general subject, or a fact under test would be replayed."""
    from mucpt_utils.knowledge.facts import by_subject, load_facts

    assert not set(by_subject(load_facts("music"))) & set(by_subject(load_facts("general")))


def test_complementary_models_know_the_two_halves():
    world = make(subjects=9)
    first, second = (world.covered(0.5, seed, complementary=True) for seed in (0, 1))
    names = {fact.subject for fact in world.test}
    assert first | second == names and not first & second and abs(len(first) - len(second)) <= 1
    assert world.covered(0.5, 4, complementary=True) == first
    assert world.covered(0.5, 7, complementary=True) == second


def test_complementary_models_are_halves():
    with pytest.raises(ValueError, match="covered is 0.6"):
        WorldSettings(
            subjects=8, practice=4, calibration=2, general=4, covered=0.6, complementary=True
        )


# --- invented subjects ----------------------------------------------------------------------------


def test_invented_subjects_stand_beside_real_ones_with_the_same_relations_and_objects():
    world = make(invented=5)
    real = [fact for fact in world.test if not is_invented(fact)]
    made = [fact for fact in world.test if is_invented(fact)]
    assert real == make().test and len(subjects(made)) == 5
    twins = [fact for fact in real if fact.subject in subjects(real)[:5]]
    assert sorted((f.relation, f.object) for f in made) == sorted(
        (f.relation, f.object) for f in twins
    )
    assert {f.popularity for f in made} == {"invented"} and len({f.id for f in made}) == len(made)
    assert all(fact.id.startswith("m:invented.") for fact in made)
    assert world == make(invented=5)
    assert world.covered(0.5, 0, True) & set(subjects(made))


def test_no_committed_fact_has_a_word_that_was_invented():
    music, general = load_facts("music"), load_facts("general")
    songs = [fact for fact in music if fact.category in ("artist", "album", "song")]
    made = invented_facts(songs, 300, [*music, *general])
    names = {fact.subject for fact in made}
    assert len(names) == 300
    words = words_of([*music, *general])
    plain = {
        word for kinds in name_parts()["patterns"].values() for p in kinds for word in p.split()
    }
    own = [set(fold(name).split()) - {fold(word) for word in plain} for name in names]
    assert all(own) and not words & set().union(*own)
    pairs = [(f.subject, f.relation, f.object) for f in made]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize(
    ("category", "number", "message"),
    [("artist", 13, "world.invented=13, but only 12"), ("opera", 2, "no names for 'opera'")],
)
def test_what_cannot_be_invented_is_refused(category, number, message):
    music = [replace(fact, category=category) for fact in MUSIC]
    with pytest.raises(InventedError, match=message):
        make(music, invented=number, categories=[category])
