"""Tables of answers in different units print each in its own."""

import pandas as pd

from evidence import readable


def test_ratios_and_points_are_not_read_as_percent():
    frame = pd.DataFrame(
        {"unit": ["%", "", "percentage points"], "estimate": [0.1, 2.95, 0.09], "i2": [0.5] * 3}
    )
    assert readable(frame)["estimate"].tolist() == ["10.0", "2.95", "9.0"]
    assert readable(frame)["i2"].tolist() == ["50.0"] * 3
    assert readable(frame.drop(columns="unit"))["estimate"].tolist() == ["10.0", "295.0", "9.0"]
