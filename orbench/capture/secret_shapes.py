"""What secrets look like in a text: one compiled search, and what is put in place of a match."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["KEY_BEGIN", "KEY_GAP", "LONGEST_SHAPE", "MASK", "mask_shapes", "shapes"]

MASK = "***"

LONGEST_SHAPE = 4_352
"""No shape but a private key matches more characters than this, and none of them a line's end."""

# A private key: base64 in lines, as it is or with its line ends written \n, or in a diff. Not any
# text up to an END line: a program may well talk of such a key without showing one.
_GAP = r"""(?:\\[rn]|[\s"'+,>|-]){0,12}"""
_BODY = (
    rf"(?:{_GAP}(?:[A-Za-z0-9+/=]{{20,}}|(?:Proc-Type|DEK-Info|Version|Comment):[^\n]{{0,200}}))*"
    rf"(?:{_GAP}[A-Za-z0-9+/=]{{1,19}}(?={_GAP}(?:-----END|\Z)))?"
    rf"(?P<end>{_GAP}-----END\ [A-Z ]{{0,40}}PRIVATE\ KEY(?:\ BLOCK)?-----)?"
)
_BEGIN = r"-----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----"
KEY_BEGIN = "-----BEGIN "
KEY_GAP = "\\rn \t\r\n\"'+,>|-"
"""How a private key begins, and what may stand between its lines."""

_NAME = r"(?:api_?key|token|secret|passw(?:or)?d|credentials|API_?KEY|TOKEN|SECRET|PASSW(?:OR)?D)"

# Every repeat is bounded, so that no text makes the search slow. `keep` groups stay in the text.
# A URL or assignment with braces or $ in it is code that puts a secret in, and holds none.
_SHAPES = rf"""
    (?P<private>{_BEGIN}{_BODY})
  | ://(?P<userinfo>[^\s/?\#"'<>\\{{}}$]{{1,1024}}
        |[^\s/?\#"'<>\\{{}}$:@]{{0,256}}:(?!\d{{1,5}}[/?\#])[^\s"'<>\\{{}}$@]{{1,768}})@
  | (?P<keep1>x-access-token:)[^\s@"']{{1,512}}
  | (?P<keep2>uthorization["']?[:=]\ ?["']?(?:[Bb]asic|[Bb]earer|[Tt]oken)\ )[^\s"']{{4,4096}}
  | (?P<keep3>\b[A-Z0-9_]{{0,60}}(?:TOKEN|SECRET|PASSW(?:OR)?D|API_?KEY|ACCESS_KEY|SECRET_KEY|AUTH)=
        ["']?)[^\s"'$<>{{}}();&|,]{{8,1024}}
  | (?P<keep4>{_NAME}["']?\]?[ \t]{{0,4}}[=:][ \t]{{0,4}}["'])
        (?=[^"'\s]{{0,512}}[0-9])(?=[^"'\s]{{0,512}}[A-Za-z])[\w\-+/=.~!@\#%^&*$]{{8,512}}(?=["'])
  | (?P<keep5>[?&](?:access_token|api_?key|auth_token|password|secret|signature|sig|token)=)
        [^\s&\#"']{{4,2048}}
  | (?P<keep6>[Ww](?:andb|ANDB)[^\r\n]{{0,60}}?(?<![@/0-9A-Za-z]))[0-9a-f]{{40}}(?![0-9A-Za-z])
  | \b(?:
        gh[pousr]_[A-Za-z0-9]{{20,255}}
      | github_pat_[A-Za-z0-9_]{{22,255}}
      | hf_[A-Za-z0-9]{{20,255}}
      | glpat-[A-Za-z0-9_\-.]{{20,255}}
      | sk-(?=[A-Za-z_\-]{{0,64}}[0-9])[A-Za-z0-9_\-]{{20,255}}
      | xox[abeoprs]-[A-Za-z0-9-]{{10,255}}
      | A[KS]IA[0-9A-Z]{{16}}\b
      | AIza[0-9A-Za-z_\-]{{35}}
      | npm_[A-Za-z0-9]{{36}}
      | pypi-AgE[A-Za-z0-9_\-]{{50,500}}
      | wandb_v1_[A-Za-z0-9_\-]{{20,255}}
      | eyJ[A-Za-z0-9_\-]{{8,1024}}\.eyJ[A-Za-z0-9_\-]{{8,2048}}\.[A-Za-z0-9_\-]{{8,1024}}
    )
"""

# One of these, or a URL with an @, stands in every text that a shape can match. Looking for them is
# some forty times cheaper than the search, and most console output and lock files have none.
_TRIGGERS = (
    *("PRIVATE KEY", "token", "TOKEN", "ecret", "SECRET", "assw", "PASSW", "KEY=", "AUTH="),
    *("uthorization", "api", "API", "credentials", "?sig", "&sig", "andb", "WANDB", "_pat_"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "hf_", "glpat-", "sk-", "xox", "AKIA", "ASIA"),
    *("AIza", "npm_", "pypi-", "eyJ"),
)


@cache
def shapes() -> re.Pattern[str]:
    """The compiled search; its compilation takes some milliseconds, once."""
    return re.compile(_SHAPES, re.VERBOSE)


def mask_shapes(text: str) -> str:
    """`text` with everything that has the shape of a secret replaced by the mask."""
    if not _may_match(text):
        return text
    if KEY_BEGIN in text:
        return shapes().sub(_masked, text)
    # No other shape goes over a line's end.
    return "\n".join(
        shapes().sub(_masked, line) if _may_match(line) else line for line in text.split("\n")
    )


def _may_match(text: str) -> bool:
    return ("@" in text and "://" in text) or any(trigger in text for trigger in _TRIGGERS)


def _masked(match: re.Match[str]) -> str:
    userinfo = match["userinfo"]
    if userinfo is not None:
        scheme = match.string[max(0, match.start() - 8) : match.start()]
        # `ssh://git@host`: a name without a password is an address. Over http it may be a token.
        if ":" not in userinfo and not scheme.endswith(("http", "https")):
            return match[0]
        return f"://{MASK}@"
    kept = next((match[f"keep{n}"] for n in range(1, 7) if match[f"keep{n}"] is not None), "")
    return f"{kept}{MASK}"
