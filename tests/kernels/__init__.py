import pytest

pytest.register_assert_rewrite("tests.kernels.contract", "tests.kernels.stage")
