"""What is put into a page cannot become part of its HTML, and a template names nothing that is not there."""

from pathlib import Path

import jinja2
import pytest

from gan_lab.files.html_template import html_template


def test_values_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "page.j2").write_text("<p>{{ text }}</p>\n")
    assert html_template(tmp_path / "page.j2").render(text="a<b") == "<p>a&lt;b</p>\n"


def test_a_name_without_a_value_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.j2").write_text("{{ title }}")
    with pytest.raises(jinja2.UndefinedError, match="'title' is undefined"):
        html_template(tmp_path / "page.j2").render(tilte="")
