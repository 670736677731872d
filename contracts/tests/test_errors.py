from dramatis_contracts.errors import ERRORS, status_of


def test_an_error_code_tells_its_status_its_meaning_and_a_remedy() -> None:
    for error in ERRORS.values():
        assert error.code.isupper()
        assert 400 <= error.status < 600
        assert error.meaning.endswith(".")
        assert error.remedy.endswith(".")


def test_a_code_that_nobody_declared_is_a_defect() -> None:
    assert status_of("NEVER_DECLARED") == 500
