"""The words of a pairing between an edge and a cloud: RFC 8628's, and the paths of ours; the same for both sides."""

CLIENT_ID = "kembar-edge"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
PAIR, PAIR_TOKEN = "/api/v1/pair", "/api/v1/pair/token"
ROTATE, REVOKE = "/api/v1/token/rotate", "/api/v1/token/revoke"
FORM = "application/x-www-form-urlencoded"

# RFC 8628 3.5: the first two mean ask again, the others end the pairing.
PENDING, SLOW_DOWN = "authorization_pending", "slow_down"
DENIED, EXPIRED = "access_denied", "expired_token"
# RFC 6750 3.1: the token is revoked, too old, or of another cloud.
UNKNOWN_TOKEN = "invalid_token"
# How much slower an edge asks after each slow_down.
SLOWER_BY_S = 5
# A longer version of ours does not exist; what a stranger says is shown to people.
VERSION_MOST_CHARS = 32
