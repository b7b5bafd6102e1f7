"""Rules never raise, whatever stands in a stranger's table and config."""

from hypothesis import given
from hypothesis import strategies as st

from gan_lab.diagnosis.diagnose import RULES, diagnose
from gan_lab.tags.table import TABLE
from support.observations import GAN, WGAN, WGAN_GP, observed

TAGS = [tag.name for tag in TABLE if not tag.is_family] + ["layers/0", "layers/x", "quality/recall_floor"]
TAGS += ["quality/precision_floor", "quality/modes_hit_floor", "quality/coverage_floor", "mine"]
NUMBERS = st.floats(allow_nan=True, allow_infinity=False) | st.sampled_from([0.0, 1e308, -1e308, 5e-324])
VALUES = (
    st.none()
    | st.booleans()
    | st.text(max_size=3)
    | st.integers()
    | st.floats()
    | st.lists(st.integers(), max_size=2)
)
KEYS = ["constraint.bound", "optimizer.lr", "optimizer.beta1", "train.n_critic", "train.batch_size"]
KEYS += ["metrics.samples", "architecture.critic.depth", "train.iterations", "constraint._target_"]


@given(
    st.dictionaries(st.sampled_from(TAGS), NUMBERS, min_size=1),
    st.sampled_from([GAN, WGAN, WGAN_GP]),
    st.dictionaries(st.sampled_from(KEYS), VALUES),
    st.sampled_from([1, 3, 500]),
    st.sampled_from(["completed", "diverged", "running", "failed"]),
)
def test_any_numbers(columns, base, settings, n, status):
    findings = diagnose(observed(columns, base | settings, n=n, status=status))
    assert findings
    assert {finding.name for finding in findings} <= {rule.name for rule in RULES} | {
        "all_well",
        "unmeasured",
    }
    assert all("\n" not in str(finding) for finding in findings)
