# SPDX-License-Identifier: GPL-2.0-only
"""What noxxi/mime-is-broken hides is extracted or flagged, as `./dev bench readings` prints it by trick."""
import sys

import pytest

from conftest import HERE

sys.path.insert(0, str(HERE.parent / "bench"))

import readings  # noqa: E402


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    archive = readings.corpora() / readings.ARCHIVE
    if not archive.exists():
        pytest.skip(f"no test mail from elsewhere at {archive}")
    return readings.measure(tmp_path_factory.mktemp("readings"))


def test_every_mail_was_looked_at(measured):
    content, names = measured
    assert (len(content), sum(mail.readable for mail in content), len(names)) == (372, 316, 176)


@pytest.mark.parametrize("target", readings.TARGETS)
def test_the_target_is_met(measured, target):
    content, names = measured
    neither = [f"{mail.file} {mail.trick}" for mail in content + names if mail.readable and mail.outcome == "neither"]
    assert readings.figures(content, names)[target] >= readings.TARGETS[target], neither
