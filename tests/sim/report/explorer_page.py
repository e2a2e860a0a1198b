"""A sweep's page in a browser, as tests look at it."""

PATIENCE_MS = 120_000
"""For a page to load, or to show what is waited for, on a busy machine."""


class Opened:
    """The page in a browser, with what it asked for and complained about."""

    def __init__(self, browser, path):
        self.page = browser.new_page(viewport={"width": 1600, "height": 1000})
        self.page.set_default_timeout(PATIENCE_MS)
        self.url, self.requests, self.errors = path.as_uri(), [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._console)
        self.page.goto(self.url)
        self.page.wait_for_selector("body.ready")

    def _console(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def view(self, choices=""):
        """Take up a shared view."""
        self.page.evaluate("hash => { location.hash = hash }", choices)

    def traces(self, plot="scatter"):
        """Name to (x, y) of the traces that show something."""
        found = self.page.evaluate(
            "id => document.getElementById(id).data.filter(t => t.x?.length)"
            ".map(t => [t.name, Array.from(t.x), Array.from(t.y)])",
            plot,
        )
        return {name: (x, y) for name, x, y in found}

    def fronts(self):
        return self.page.evaluate(
            "document.getElementById('scatter').data.filter(t => t.mode === 'lines')"
            ".map(t => [t.x, t.y, t.line.shape])"
        )

    def until(self, condition):
        self.page.wait_for_function(condition)

    def ids(self):
        return self.page.eval_on_selector_all(
            "#table tbody tr", "rows => rows.map(r => +r.dataset.id)"
        )

    def pixel(self, x, y):
        """Where a point of the scatter is on the screen."""
        self.page.eval_on_selector("#scatter", "plot => plot.scrollIntoView({block: 'center'})")
        return self.page.evaluate(
            """([x, y]) => { const plot = document.getElementById("scatter");
            const box = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
            return [box.x + xaxis._offset + xaxis.d2p(x),
              box.y + yaxis._offset + yaxis.d2p(y)] }""",
            [x, y],
        )
