"""Within schemathesis: nothing is held open."""
import schemathesis

MOST = 2**63 - 1


@schemathesis.hook
def before_call(context, case, kwargs):
    for asked, names in ((case.query, ("wait",)), (case.body, ("wait", "timeout"))):
        if not isinstance(asked, dict):
            continue
        for name in names:
            value = asked.get(name)
            if isinstance(value, str) and asked is case.query and value.isdecimal():
                value = int(value)
            # What is no such number has to be refused as it is. 3.0 is one, too.
            if not isinstance(value, bool) and isinstance(value, (int, float)) and value == value // 1 and 0 < value <= MOST:
                asked[name] = 0
