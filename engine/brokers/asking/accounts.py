"""Secrets that some archives ask for; each is set as TOMLAKE_ and its name in capitals."""

ACCOUNTS: dict[str, str] = {
    "atlas_token": "ATLAS forced photometry: a token of fallingstar-data.com",
    "lasair_token": "Lasair for ZTF: the token of one's profile at lasair-ztf.lsst.ac.uk",
    "lasair_lsst_token": "Lasair for LSST: the token of one's profile at lasair.lsst.ac.uk",
    "tns_key": "Transient Name Server: API key of a bot",
    "tns_bot_id": "Transient Name Server: number of the bot",
    "tns_bot_name": "Transient Name Server: name of the bot",
    "ztf_forced_email": "ZTF forced photometry: e-mail of the account",
    "ztf_forced_login": "ZTF forced photometry: user:password at the door of the service",
    "ztf_forced_password": "ZTF forced photometry: password of the account",
}
