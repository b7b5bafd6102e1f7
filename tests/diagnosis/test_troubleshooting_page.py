"""docs/troubleshooting.md says what the rules say, and names tags and options that exist."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import troubleshooting_page

from gan_lab.diagnosis.diagnose import RULES
from gan_lab.runs.record import leaves_of
from gan_lab.tags.table import find_tag
from support.configs import compose_config

NAMED_TAG = re.compile(r"`((?:distance|health|quality|loss|layers)/[\w<>]+)`")
OVERRIDE = re.compile(r"`([^`]*=[^`]*)`")
KEY = re.compile(r"`((?:train|optimizer|constraint|critic_optimizer|architecture|metrics|dataset)\.[\w.]+)`")


def test_the_page_is_what_the_rules_give() -> None:
    committed = troubleshooting_page.PAGE.read_text(encoding="utf-8")
    assert committed == troubleshooting_page.page(), "run `python scripts/troubleshooting_page.py`"


def test_every_rule_has_a_section() -> None:
    page = troubleshooting_page.page()
    assert [name for rule in RULES for name in [rule.name] if f"\n## {name}\n" not in page] == []


def test_tags_exist() -> None:
    named = set(NAMED_TAG.findall(troubleshooting_page.page()))
    assert {"health/critic_slope", "health/held_out_estimate_further", "quality/mode_kl"} <= named
    assert [tag for tag in named if find_tag(tag) is None] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_options_can_be_typed(rule) -> None:
    for text in OVERRIDE.findall(rule.cure):
        compose_config("objective=gan", *(word.replace("=...", "=0.001") for word in text.split()))
    known = leaves_of(compose_config("dataset=ring8", "objective=wgan", "+optimizer@critic_optimizer=adam"))
    assert [key for key in KEY.findall(rule.cure) if key not in known] == []
