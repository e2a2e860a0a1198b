import shutil

import pytest

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: the installed one, or that of `playwright install chromium`."""
    from playwright.sync_api import Error, sync_playwright

    path = next(filter(None, map(shutil.which, INSTALLED)), None)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            if path is not None or "playwright install" not in str(error):
                raise
            pytest.skip("no Chromium is installed; run: playwright install chromium")
        yield chromium
        chromium.close()
