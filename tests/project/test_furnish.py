"""A shop without demo data: what it sells, and its first operator, from the command line."""

from __future__ import annotations

import pytest

from fairroam.apps.catalogue.models import Brand, Plan
from fairroam.apps.customers.models import StaffMember
from fairroam.project.furnish import furnish, hire

SHOP = """
[brand]
name = "Esim Example"
legal_name = "Esim Example GmbH"
address = "1 Example Street"
tax_number = "DE000000000"
email = "service@esim.example"

[[plans]]
code = "japan"
names = {{ en = "Japan" }}
countries = ["JP"]
validity_days = 30
currency = "EUR"
price_minor = {price}
list_price_minor = 1900
profile_type = "travel-data"
allowances = [{{ kind = "data", granted = 10_000_000_000 }}]
"""


@pytest.mark.usefixtures("db")
def test_a_file_furnishes_a_shop_or_changes_nothing(tmp_path, capsys):
    file = tmp_path / "shop.toml"
    file.write_text(SHOP.format(price=1900))
    assert furnish([str(file)]) == 0
    assert capsys.readouterr().out == "1 plans, 0 wallet, 0 numbers\n"
    assert Brand.objects.get().name == "Esim Example"

    file.write_text(SHOP.format(price=1700))
    assert furnish([str(file)]) == 0
    assert Plan.objects.get().price_minor == 1700

    wrong = SHOP.format(price=1500).replace("Esim Example GmbH", "Another")
    for broken in (wrong + "granted = 5\n[[", wrong.replace("currency", "curency"), "[brand]"):
        file.write_text(broken)
        assert furnish([str(file)]) == 1
        assert "Nothing was changed." in capsys.readouterr().err
    assert (Brand.objects.get().legal_name, Plan.objects.get().price_minor) == (
        "Esim Example GmbH",
        1700,
    )


@pytest.mark.usefixtures("db")
def test_the_first_operator_is_hired_once(capsys):
    assert hire(["Olga@esim.example"]) == 0
    assert StaffMember.objects.get(user__email="olga@esim.example").role == "operator"
    assert hire(["olga@esim.example"]) == 1
    assert "already" in capsys.readouterr().err
    for wrong in ("", "olga", "olga@"):
        with pytest.raises(SystemExit):
            hire([wrong])
        assert "is no mail address" in capsys.readouterr().err
    assert StaffMember.objects.count() == 1
