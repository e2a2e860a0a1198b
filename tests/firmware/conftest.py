from pathlib import Path

import pytest

from tests.firmware.host_kernels import HostKernels, compile_kernels


@pytest.fixture(scope="session")
def kernel_library(tmp_path_factory) -> Path:
    return compile_kernels(tmp_path_factory.mktemp("kernels"))


@pytest.fixture
def kernels(kernel_library) -> HostKernels:
    return HostKernels(kernel_library)
