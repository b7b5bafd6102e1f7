"""The layout of TensorBoard's custom scalars: no chart that stays empty."""

from gan_lab.tracking.dashboard import layout_of


def test_a_run_that_measures_no_samples_has_no_charts_of_them() -> None:
    bare, whole = layout_of({"metrics.every": 0}), layout_of({"metrics.every": 100})
    assert "certified, exact and floor" in whole["distance"]
    assert "certified, exact and floor" not in bare["distance"]
    assert "critic's score gap" in bare["distance"]
    assert "quality" in whole
    assert "quality" not in bare
