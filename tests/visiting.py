"""A person at a browser, for tests of the hosted site: keeps cookies and sends forms as their pages made them."""

import re

import requests

CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
SECRET = re.compile(r'id="link">[^<]*#([\w-]+)<')
PASSWORD = "kuda laut biru"


class Visiting(requests.Session):
    """`url`: of the hosted site."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.headers["Origin"] = url

    def see(self, path: str, bearer: str | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.get(self.url + path, headers=headers, allow_redirects=False, timeout=20)

    def csrf(self, path: str = "/?form") -> str:
        found = CSRF.search(self.see(path).text)
        return found[1] if found else ""

    def submit(self, path: str, **fields: str | int) -> requests.Response:
        """A form of this browser's own."""
        return self.submit_as_it_is(path, csrf=self.csrf(), **fields)

    def submit_as_it_is(self, path: str, **fields: str | int) -> requests.Response:
        return self.post(self.url + path, data=fields, allow_redirects=False, timeout=20)

    def enter(self, token: str, going_on: str = "") -> requests.Response:
        return self.submit("/login", token=token, next=going_on)

    def log_in(self, login: str, password: str = PASSWORD, going_on: str = "") -> requests.Response:
        return self.submit("/login", login=login, password=password, next=going_on)

    def join(self, secret: str, login: str, password: str = PASSWORD) -> requests.Response:
        return self.submit("/invite", code=secret, way="join", login=login, new=password)


def secret_of(answer: requests.Response) -> str:
    """Of a link that a page showed."""
    found = SECRET.search(answer.text)
    assert found, answer.text[:2000]
    return found[1]
