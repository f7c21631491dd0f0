"""Within schemathesis: nothing is held open, and no operation has the number of another one."""
import itertools

import schemathesis

MOST = 2**63 - 1
numbers = itertools.count(1_000_000)


def is_number(value):
    """What is none has to be refused as it is. 3.0 is one, too."""
    return not isinstance(value, bool) and isinstance(value, (int, float)) and value == value // 1 and 0 < value <= MOST


@schemathesis.hook
def before_call(context, case, kwargs):
    for asked, names in ((case.query, ("wait",)), (case.body, ("wait", "timeout"))):
        if not isinstance(asked, dict):
            continue
        for name in names:
            value = asked.get(name)
            if isinstance(value, str) and asked is case.query and value.isdecimal():
                value = int(value)
            if is_number(value):
                asked[name] = 0
    operations = case.body.get("operations") if isinstance(case.body, dict) else None
    for operation in operations if isinstance(operations, list) else []:
        if isinstance(operation, dict) and is_number(operation.get("number")):
            operation["number"] = next(numbers)
