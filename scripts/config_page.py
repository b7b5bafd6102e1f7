"""Make docs/configuration.md: every key of conf/ with its comment, type, range, default and who sets it.

Run from a checkout: ``python scripts/config_page.py``. Comments are those of conf/, types and ranges those of
the annotations of the classes that the files name.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from reference.commented import Value, header
from reference.conf import Conf
from reference.kinds import words_of

from gan_lab.config.groups import own_groups

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"

HEAD = """# Every setting

What `gan-lab train` and `gan-lab distances` can be told, key by key: `gan-lab train train.n_critic=10`.
Whatever you type beats every file. `gan-lab train ... --cfg job` prints all keys of a command with their
values, `--info defaults` which file each part comes from. A value that a key does not allow is refused in one
sentence.

`A / B / C` is the value for `scale=smoke`, `laptop` (the default) and `paper`; `${...}` is worked out when
the config is composed, from other keys: `${gan_lab.with_constraint:[r1,r2],A,B}` is A where the
constraint is one of these, or has it as a part, and B elsewhere.

This page is made by `python scripts/config_page.py` from the comments in `conf/` and the classes it names.
"""

OF_RUNS = """
## Keys of every run

In the order of `conf/config.yaml`. *Set by* names the options that bring another value than the default;
experiments also set sizes, [below](#what-the-scales-change).
"""

OF_GROUPS = """
## Groups and their options

`group=option` chooses one; its own keys are `group.key`. An option may *bring* other options and values,
which hold unless you say otherwise.
"""

OF_SCALES = """
## What the scales change

What the experiments with images (`conf/sizes/images.yaml`), and those in the plane (`conf/sizes/toys.yaml`),
share:
"""

OF_DISTANCES = """
## Experiments of `gan-lab distances`

[The distances lab](distances.md) shows what each of them is about.
"""

OF_HYDRA = """
## Launchers and sweepers

`hydra/launcher=NAME` and `hydra/sweeper=NAME`, with keys `hydra.launcher.KEY` and `hydra.sweeper.KEY`;
[sweeps](sweeps.md) says when to take which.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page."""
    conf = Conf()
    parts = [HEAD, OF_RUNS, *_keys_of_runs(conf), OF_GROUPS]
    for group in _groups(conf):
        parts += _group(conf, group)
    parts += [OF_SCALES, *_scales(conf), OF_DISTANCES, *_keys_of_distances(conf), OF_HYDRA, *_hydra(conf)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _keys_of_runs(conf: Conf) -> Iterator[str]:
    yield from ("| key | default | may be | meaning | set by |", "|---|---|---|---|---|")
    for value in conf.of("config"):
        if value.keys[:2] in (("hydra", "help"), ("hydra", "job_logging"), ("hydra", "job")):
            continue  # how the command itself is put together
        key = conf.config_key(value)
        others = {written: who for written, who in conf.set_by(key).items() if written != value.written}
        setters = [f"{_code(written)}: {_named(options)}" for written, options in others.items()]
        yield _row(_code(key), _code(value.written), words_of(value), conf.comment(value), "; ".join(setters))


def _groups(conf: Conf) -> Iterator[str]:
    for group in own_groups().shown:
        yield group
        yield from (
            f"{group}/{part.name}" for part in sorted((conf.folder / group).iterdir()) if part.is_dir()
        )


def _group(conf: Conf, group: str) -> Iterator[str]:
    """Yield a section: what there is, what each brings, and the keys of all; alike ones in one row."""
    yield f"\n### {group}\n"
    yield from (f"| `{group}=` | what it is | brings |", "|---|---|---|")
    rows: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for option, path in conf.options(group).items():
        brought = [f"`{choice}`" for choice in conf.choices(path)]
        for key, value in conf.brings.get(f"{group}={option}", []):
            brought.append(_code(f"{key.removeprefix('hydra.sweeper.params.')}={_plain(value.written)}"))
        yield _row(f"`{option}`", " ".join(header(path)), ", ".join(dict.fromkeys(brought)))
        for value in conf.of(f"{group}/{option}"):
            key = conf.config_key(value)
            if key.startswith(f"{group.replace('/', '.')}."):
                alike = rows.setdefault((key, words_of(value), conf.comment(value)), {})
                alike.setdefault(value.written, []).append(option)
    if rows:
        yield from ("", "| key | default | may be | meaning |", "|---|---|---|---|")
    keys = list(dict.fromkeys(key for key, _, _ in rows))
    for (key, kind, comment), defaults in sorted(rows.items(), key=lambda row: keys.index(row[0][0])):
        yield _row(_code(key), _defaults(defaults, len(conf.options(group))), kind, comment)


def _defaults(defaults: dict[str, list[str]], n_options: int) -> str:
    """Return the values of a key with the options that have them, which go without saying if all have one."""
    if len(defaults) == 1 and len(next(iter(defaults.values()))) == n_options:
        return _code(next(iter(defaults)))
    return "; ".join(
        f"{_code(written)} of {', '.join(f'`{o}`' for o in options)}" for written, options in defaults.items()
    )


def _scales(conf: Conf) -> Iterator[str]:
    yield from ("| key | experiments with | value | meaning |", "|---|---|---|---|")
    for file in ("images", "toys"):
        for value in conf.of(f"sizes/{file}"):
            key = ".".join(value.keys).removeprefix("hydra.sweeper.params.")
            yield _row(_code(key), file, _code(value.written), conf.comment(value))


def _keys_of_distances(conf: Conf) -> Iterator[str]:
    yield from ("| key | default | may be | meaning |", "|---|---|---|---|")
    for value in conf.of("distances"):
        if value.keys[0] != "hydra" or value.keys[1] in ("run", "sweep"):
            yield _row(
                _code(".".join(value.keys)), _code(value.written), words_of(value), conf.comment(value)
            )
    for group, names in (
        ("distances", conf.options("distances")),
        ("settings", ("contenders", "frozen_generators")),
    ):
        for name in names:
            yield from _experiment(conf, f"{group}/{name}")


def _experiment(conf: Conf, file: str) -> Iterator[str]:
    yield f"\n### {file.partition('/')[2]}\n"
    yield " ".join(header(conf.folder / f"{file}.yaml")) + "\n"
    yield from ("| key | default | may be | meaning |", "|---|---|---|---|")
    for value in conf.of(file):
        yield _row(_code(".".join(value.keys)), _code(value.written), words_of(value), conf.comment(value))


def _hydra(conf: Conf) -> Iterator[str]:
    for group in ("hydra/launcher", "hydra/sweeper", "hydra/sweeper/sampler"):
        for option, path in conf.options(group).items():
            yield f"\n### {group}={option}\n\n{' '.join(header(path))}\n"
            yield from ("| key | default | may be | meaning |", "|---|---|---|---|")
            for value in conf.of(f"{group}/{option}"):
                yield _row(
                    _code(_of_hydra(value)), _code(value.written), words_of(value), conf.comment(value)
                )


def _of_hydra(value: Value) -> str:
    group = value.file.rpartition("/")[0].replace("/", ".")
    # those with a package of their own begin at hydra
    inside = value.keys[0] in ("launcher", "job")
    return ".".join(["hydra" if inside else group, *value.keys])


def _named(options: Iterable[str]) -> str:
    """Return options as they are typed, the group once: `dataset=ring8`, `grid25`."""
    found, group = [], ""
    for option in options:
        name = option.partition("=")[2] if option.startswith(f"{group}=") else option
        group = option.partition("=")[0]
        found.append(f"`{name}`")
    return ", ".join(found)


def _plain(written: str) -> str:
    """Return a value as a reader wants it: of a scale the three values, of a published rate the number."""
    if scale := re.fullmatch(r"\$\{gan_lab\.scale:((?:[^{}]|'[^']*')*)\}", written):
        return " / ".join(re.findall(r"'[^']*'|[^,]+", scale[1])).replace("'", "")
    if rate := re.fullmatch(r"\$\{gan_lab\.(?:rate|gp_weight|clip_bound):([^{}]*)\}", written):
        return rate[1]
    return written


def _code(text: str) -> str:
    return f"`{_plain(text)}`" if text else ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(cell: str) -> str:
    """Return a cell without what would end it, or be read as emphasis."""
    return re.sub(r"(?<![`\w.])_target_", "`_target_`", cell.replace("|", "\\|"))


if __name__ == "__main__":
    main()
