"""Two suppliers of eSIMs in one process: /access/... and /airalo/v2/..., one shelf behind both."""
