"""Templates of HTML pages: what is put into one is escaped, and what it lacks is an error."""

from pathlib import Path

import jinja2


def html_template(path: Path) -> jinja2.Template:
    """Return the template that a file holds."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(path.name)
