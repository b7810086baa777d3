"""jupyter_kernel_test's suite, as it is, against our Python kernel through Jupyter's API.

The kernel is started and spoken to over HTTP and a WebSocket by jupyter-kernel-client, in
both forms of its messages.
"""

from typing import Any

import jupyter_kernel_test
import pytest
from jupyter_kernel_client.manager import KernelHttpManager
from jupyter_kernel_client.wsclient import JupyterSubprotocol

from tests.e2e.conftest import TOKEN, Server

pytestmark = pytest.mark.filterwarnings("default")  # those of the clients are their makers'


class Python(jupyter_kernel_test.KernelTests):
    __test__ = False

    subprotocol = JupyterSubprotocol.DEFAULT
    server: Server

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def kernel(cls, server: Server) -> Any:
        manager = KernelHttpManager(server_url=server.base, token=TOKEN)
        manager.start_kernel("python3")
        cls.kc = manager.client
        cls.kc.subprotocol = cls.subprotocol
        cls.kc.start_channels()
        cls.kc.wait_for_ready(timeout=60)
        yield
        cls.kc.stop_channels()
        manager.shutdown_kernel(now=True)

    @classmethod
    def setUpClass(cls) -> None: ...

    @classmethod
    def tearDownClass(cls) -> None: ...

    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [{"text": "zi", "matches": {"zip"}}]  # noqa: RUF012
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]  # noqa: RUF012
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]  # noqa: RUF012
    invalid_code_samples = ["import = 7q"]  # noqa: RUF012
    code_page_something = "zip?"
    code_generate_error = "raise ValueError('no')"
    code_execute_result = [{"code": "1+2+3", "result": "6"}]  # noqa: RUF012
    code_display_data = [  # noqa: RUF012
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))",
            "mime": "text/html",
        },
        {
            "code": "from IPython.display import Math, display; display(Math('\\\\frac{1}{2}'))",
            "mime": "text/latex",
        },
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


class TestInTheOlderForm(Python):  # JUP-40
    __test__ = True


class TestInTheNewerForm(Python):  # JUP-40
    __test__ = True
    subprotocol = JupyterSubprotocol.V1
