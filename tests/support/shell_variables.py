"""Variables of shells that change Python, and those that must not reach a build."""

from __future__ import annotations

# What shells hold that would change an interpreter, an installation or a make that is run below.
FOREIGN = {
    "PYTHONPYCACHEPREFIX": "/elsewhere",
    "PYTHONPATH": "/elsewhere",
    "PYTHONHOME": "/elsewhere",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PYTHONWARNINGS": "error",
    "SOURCE_DATE_EPOCH": "0",
    "__PYVENV_LAUNCHER__": "/elsewhere/python",
    "VIRTUAL_ENV": "/elsewhere",
}

# In two parts, because nothing committed may contain this option: where packages come from is each machine's business.
INDEX = "index_url".replace("_", "-")

# Each a sibling that a shell may hold: none of them is for what runs on this machine alone.
STEERING = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "ftp_proxy"), "http://127.0.0.1:9"),
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_PROFILE": "nonexistent",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_ACCESS_KEY_ID": "AKIDREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL": "localhost:8000",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CA_BUNDLE": "/nonexistent",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "sometimes",
    "AWS_DEFAULTS_MODE": "odd",
    "AWS_STS_REGIONAL_ENDPOINTS": "odd",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
    "LAMBDA_TASK_ROOT": "/nonexistent",
    "RETENTION_TABLE": "-",
    "RETENTION_CLOCK": "never",
    "RETENTION_APPLE_URL": "https://example.com",
    "RETENTION_TRUST_ANCHOR": "-",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_DEV": "true",
    "LOG_LEVEL": "CRITICAL",
    "MOTO_PORT": "1",
    "NETRC": "/nonexistent",
    "BOTO_CONFIG": "/nonexistent",
    **dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "/nonexistent"),
    "PYTHONWARNINGS": "error",
    "PYTHONPATH": "/nonexistent",
    "PYTHONHOME": "/nonexistent",
    "PYTHONUTF8": "0",
    "PYTHONOPTIMIZE": "2",
    "COLUMNS": "30",
    "FORCE_COLOR": "1",
    "GITHUB_ACTIONS": "true",
    "LC_ALL": "C",
    "TZ": "Asia/Kolkata",
}
