"""The description as one run is given it: with the names, ids and contents that this hub has in the place of any that there
could be, so that questions get further than the first refusal. It is never widened."""
import copy
import hashlib


def only(*values):
    return {"enum": list(values)}


def fields(description, name):
    return description["components"]["schemas"][name]["properties"]


def of_this_hub(description, client):
    """What the hub refuses otherwise, so that it may be asked for wrongly, too."""
    narrow = copy.deepcopy(description)
    for operations in narrow["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("name") == "epoch":
                    parameter["schema"] = only(client.epoch)
                if parameter.get("name") == "client":
                    parameter["schema"] = only("spare", "rest", "frame", "share")
    for name in ("CommitRequest", "LayOutRequest", "ReportRequest", "RecipeRequest"):
        fields(narrow, name)["epoch"] = only(client.epoch)
    for name in ("ClientRequest", "PauseRequest", "LimitRequest"):
        fields(narrow, name)["client"] = only("spare", "rest", None)
    fields(narrow, "RevokeRequest")["client"] = only("spare", "n1", "n2")
    return narrow


def deeply(description, hub, client):
    """What is accepted otherwise, and leads nowhere: for questions that are all right."""
    narrow = of_this_hub(description, client)
    secret = hashlib.sha256(hub.admin_token.encode()).digest()
    for parameter in narrow["paths"].get("/v1/proof", {}).get("get", {}).get("parameters", []):
        if parameter["name"] == "id":
            parameter["schema"] = only(hashlib.sha256(b"synchub-proof-id\n" + secret).hexdigest())
    schemas = narrow["components"]["schemas"]
    nodes = [node["id"] for node in (hub.photos, hub.seen, hub.other)]
    digests = [node["content"]["sha256"] for node in (hub.seen, hub.other)]
    for name in ("LayOutItem", "RecipeRequest"):
        fields(narrow, name)["node"] = only(*nodes[1:])
        fields(narrow, name)["sha256"] = only(*digests)
    for name in ("KnownContentKey", "ContentKey"):
        fields(narrow, name)["sha256"] = only(*digests)
        fields(narrow, name)["size"] = only(*(node["content"]["size"] for node in (hub.seen, hub.other)))
    names = only("photos", "seen", "other", "new", "ä", "\\xff")
    for variant in schemas["Operation"]["anyOf"]:
        properties, needed = variant["properties"], variant["required"]
        for field, known in (("node", nodes), ("parent", [1, *nodes])):
            if field in needed:
                properties[field] = only(*known)
        for field in ("content_base", "location_base", "parent_operation"):
            if field in needed:
                properties[field] = only(0, 1, 2, 3)
        if "name" in needed:
            properties["name"] = names
        # A new one each time: see hooks.
        properties["number"] = {"type": "integer", "minimum": 1, "maximum": 9_999_999}
    fields(narrow, "Source").update(inline=only("", "YQ==", None), staged=only("up-1", None), behind=only(0, 3, None))
    paths = only("", "photos", "photos/seen", "other", "gone", "never", "a/../b")
    for name in ("PathRequest", "HistoryRequest", "WaitRequest"):
        fields(narrow, name)["path"] = paths
    key = (hub.root / "spare.key.pub").read_text().strip()
    fields(narrow, "InviteRequest").update(
        client=only(*(f"n{number}" for number in range(1, 9))), key=only(key, None),
        subtree=only("", "photos", "never", None))
    for name in ("JoinRequest", "RotateRequest"):
        fields(narrow, name)["public_key"] = only((hub.root / f"{client.name}.key.pub").read_text().strip())
    rates = only("512k", "off", "08:00,1M 23:00,off", None)
    fields(narrow, "LimitRequest").update(up=rates, down=rates)
    return narrow
