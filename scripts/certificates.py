"""Make certificates to try ES2+ over mutual TLS with: `scripts/certificates.py [FOLDER]`.

FOLDER (default `.fairroam/certificates`) gets one PEM file for each party, key and certificate
in it, the key as PKCS #8:

  ca.pem                the authority that both sides trust, without its key
  server.pem            whoever listens, on localhost
  client.pem            whoever calls
  expired.pem           either of them, until yesterday
  elsewhere.pem         a server of the same authority, but not on localhost
  stranger.pem          either of them, by another authority
  stranger-ca.pem       that other authority

A folder that has all of them is left alone. For tests only: nobody guards these keys.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = Path(".fairroam/certificates")
DAY = timedelta(days=1)
YEAR = 365 * DAY
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
HERE = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))
ELSEWHERE = (x509.DNSName("elsewhere.example"),)
CA_USES, PARTY_USES = {"key_cert_sign", "crl_sign"}, {"digital_signature"}
ALL_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """Key and certificate, in this order."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return key + self.certificate_pem()

    def certificate_pem(self) -> bytes:
        """What may be shown to everybody."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def certified(
    name: str,
    *,
    now: datetime,
    issuer: Pair | None = None,
    uses: Sequence[x509.ObjectIdentifier] = (),
    hosts: Sequence[x509.GeneralName] = (),
    until: timedelta = YEAR,
) -> Pair:
    """Return a new pair that `issuer` vouches for; without an issuer it is an authority itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    usage = PARTY_USES if issuer else CA_USES
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{use: use in usage for use in ALL_USES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return Pair(builder.sign(signer, hashes.SHA256()), key)


def make(*, now: datetime) -> dict[str, bytes]:
    """File name -> what is in it."""
    ca = certified("fairroam test CA", now=now)
    stranger_ca = certified("a stranger's test CA", now=now)
    both = (SERVER, CLIENT)
    parties = {
        "server": certified("server", now=now, issuer=ca, uses=[SERVER], hosts=HERE),
        "client": certified("client", now=now, issuer=ca, uses=[CLIENT]),
        "expired": certified("expired", now=now, issuer=ca, uses=both, hosts=HERE, until=-DAY),
        "elsewhere": certified("elsewhere", now=now, issuer=ca, uses=[SERVER], hosts=ELSEWHERE),
        "stranger": certified("stranger", now=now, issuer=stranger_ca, uses=both, hosts=HERE),
    }
    authorities = {
        "ca.pem": ca.certificate_pem(),
        "stranger-ca.pem": stranger_ca.certificate_pem(),
    }
    return authorities | {f"{name}.pem": pair.pem() for name, pair in parties.items()}


def main(arguments: list[str]) -> int:
    """Write the files that only their owner may read; 0 also when all of them were there."""
    folder = Path(arguments[0]) if arguments else FOLDER
    files = make(now=datetime.now(UTC))  # noqa: TID251 - they are valid by the world's clock
    if all((folder / name).exists() for name in files):
        print(f"{folder} has them already")
        return 0
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        file = folder / name
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(content)
    print(f"{folder}: {', '.join(files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
