import ControlAPI
import Testing

/// A message with all of its fields, and how it is read: see ``DescriptionTests``.
struct MessageSample: Sendable, CustomTestStringConvertible {
    /// Which schema it is of, and by which keys it is found in it.
    let schema: String
    let json: String
    /// Whether it is part of what somebody asks.
    let isAsked: Bool
    /// How many fields it has, and what is written when it is written again.
    let read: @Sendable ([UInt8]) throws -> (fields: Int, written: [UInt8])

    var testDescription: String { schema }

    private static func of<Message: Codable & SendableMetatype>(
        _ type: Message.Type, _ schema: String, _ json: String, isAsked: Bool,
        needing needed: @escaping @Sendable (Message) -> Bool = { _ in true }
    ) -> MessageSample {
        MessageSample(schema: schema, json: json, isAsked: isAsked) { bytes in
            let message = try WireFormat.decode(type, from: bytes)
            if !needed(message) { throw ErrorMessage(.missingField, "it is needed") }
            return (Mirror(reflecting: message).children.count, WireFormat.encode(message))
        }
    }

    private static func asked<Message: Codable & SendableMetatype>(
        _ type: Message.Type, _ schema: String, _ json: String,
        needing needed: @escaping @Sendable (Message) -> Bool = { _ in true }
    ) -> MessageSample { of(type, schema, json, isAsked: true, needing: needed) }

    private static func told<Message: Codable & SendableMetatype>(
        _ type: Message.Type, _ schema: String, _ json: String
    )
        -> MessageSample
    { of(type, schema, json, isAsked: false) }

    /// Of the type that each schema is of.
    static let content = #"""
        {"kind":"file","sha256":"abababababababababababababababababababababababababababababababab","size":3,
        "mode":420,"mtime":5,"target":"t","extras":{"owner":"o"}}
        """#
    static let operation = #"""
        {"number":1,"verb":"create","node":2,"parent":1,"parent_operation":3,"name":"n","content_base":1,
        "location_base":1,"content":{"kind":"directory","mode":493},"source":{"known":false,"inline":"YQ==",
        "behind":0,"staged":"up",
        "recipe":{"bases":["abababababababababababababababababababababababababababababababab"],"ranges":[0,0,3]},
        "offset":0}}
        """#

    static let all: [MessageSample] = join + changing + looking + steering

    private static let join: [MessageSample] = [
        asked(JoinRequest.self, "JoinRequest", #"{"public_key":"k","subtree":"a"}"#),
        told(JoinResponse.self, "JoinResponse", #"{"client":"c","token":"t","subtree":"a","read_only":true}"#),
        asked(
            HelloRequest.self, "HelloRequest",
            #"{"version":"1","generation":"g","since":1,"chain":"c","next":1,"machine":"m"}"#),
        told(
            HelloResponse.self, "HelloResponse",
            #"""
            {"hub":"h","version":"1","client":"c","epoch":"e","head":1,"known":true,"set_back":false,"collected":0,
            "staging":"/s","share":"/s","max_operations":2000,"paused":{"until":"2026-01-02T03:04:05Z","blocked":"b"},
            "subtree":"a","other_index":true,"limits":{"up":"512k","down":"off"},"inline":1,"behind":1,"pack":1,
            "staged":true,"quota":1}
            """#),
        asked(RotateRequest.self, "RotateRequest", #"{"public_key":"k"}"#),
        told(RotateResponse.self, "RotateResponse", #"{"token":"t"}"#),
    ]

    private static let changing: [MessageSample] = [
        told(
            ChangesResponse.self, "ChangesResponse",
            #"""
            {"epoch":"e","through":1,"chain":"abababababababababababababababababababababababababababababababab",
            "head":1,"nodes":[{"id":2,"parent":1,"name":"n","content":{"kind":"directory","mode":493},
            "content_version":1,"location_version":1,"seq":4,"deleted":true}],
            "contents":[{"sha256":"abababababababababababababababababababababababababababababababab","bytes":"YQ=="}],
            "behind":[0],"paused":{"until":"2026-01-02T03:04:05Z","blocked":"b"},"barrier":0,"late":[{"id":1,
            "outcome":{"number":1,"result":"content_missing"}}],"subtree":"a",
            "wanted":[{"sha256":"abababababababababababababababababababababababababababababababab","size":3}],
            "wanted_mark":1,"limits":{"up":"512k","down":"off"},
            "coming":[{"sha256":"abababababababababababababababababababababababababababababababab","size":3,"through":1,
            "parent":1,"path":"a","file":"f"}],"coming_mark":1}
            """#),
        told(
            InlineContent.self, "InlineContent",
            #"{"sha256":"abababababababababababababababababababababababababababababababab","bytes":"YQ=="}"#),
        told(LateOutcomeMessage.self, "LateOutcome", #"{"id":1,"outcome":{"number":1,"result":"content_missing"}}"#),
        told(
            SnapshotResponse.self, "SnapshotResponse",
            #"""
            {"epoch":"e","after":0,"through":1,"last":true,"seq":1,
            "chain":"abababababababababababababababababababababababababababababababab","collected":0,"nodes":[{"id":2,
            "parent":1,"name":"n","content":{"kind":"directory","mode":493},"content_version":1,"location_version":1,
            "seq":4,"deleted":true}]}
            """#),
        asked(
            CommitRequest.self, "CommitRequest",
            #"""
            {"epoch":"e","generation":"g","acknowledged":0,"operations":[{"number":1,"verb":"delete","node":2,
            "content_base":1,"location_base":1}],"deletes":1,"rewrites":1}
            """#),
        told(
            CommitResponse.self, "CommitResponse",
            #"""
            {"outcomes":[{"number":1,"result":"conflict","node":{"id":2,"parent":1,"name":"n",
            "content":{"kind":"directory","mode":493},"content_version":1,"location_version":1,"seq":4,"deleted":true},
            "copy":{"id":2,"parent":1,"name":"n","content":{"kind":"directory","mode":493},"content_version":1,
            "location_version":1,"seq":4,"deleted":true},"reason":"moved","batch":7}],"head":1,
            "chain":"abababababababababababababababababababababababababababababababab"}
            """#),
        told(
            OutcomeMessage.self, "Outcome",
            #"""
            {"number":1,"result":"conflict","node":{"id":2,"parent":1,"name":"n","content":{"kind":"directory",
            "mode":493},"content_version":1,"location_version":1,"seq":4,"deleted":true},"copy":{"id":2,"parent":1,
            "name":"n","content":{"kind":"directory","mode":493},"content_version":1,"location_version":1,"seq":4,
            "deleted":true},"reason":"moved","batch":7}
            """#),
        told(
            NodeMessage.self, "Node",
            #"""
            {"id":2,"parent":1,"name":"n","content":{"kind":"directory","mode":493},"content_version":1,
            "location_version":1,"seq":4,"deleted":true}
            """#),
        asked(
            ContentMessage.self, "AnyContent",
            #"""
            {"kind":"file","sha256":"abababababababababababababababababababababababababababababababab","size":3,
            "mode":420,"mtime":5,"target":"t","extras":{"owner":"o"}}
            """#),
        asked(
            ExtrasMessage.self, "Extras", #"{"owner":"o","group":"g","attributes":[{"name":"user.a","value":"YQ=="}]}"#),
        asked(ExtrasMessage.Attribute.self, "Attribute", #"{"name":"user.a","value":"YQ=="}"#),
        asked(
            SourceMessage.self, "Source",
            #"""
            {"known":false,"inline":"YQ==","behind":0,"staged":"up",
            "recipe":{"bases":["abababababababababababababababababababababababababababababababab"],"ranges":[0,0,3]},
            "offset":0}
            """#),
        asked(
            RecipeMessage.self, "Recipe",
            #"{"bases":["abababababababababababababababababababababababababababababababab"],"ranges":[0,0,3]}"#),
        asked(
            ContentKey.self, "ContentKey",
            #"{"sha256":"abababababababababababababababababababababababababababababababab","size":3}"#),
        asked(
            ContentKey.self, "KnownContentKey",
            #"{"sha256":"abababababababababababababababababababababababababababababababab","size":3}"#),
        asked(
            LayOutRequest.self, "LayOutRequest",
            #"""
            {"epoch":"e","items":[{"node":2,"sha256":"abababababababababababababababababababababababababababababababab",
            "offset":0,"length":1}],"anywhere":true,"behind":true}
            """#),
        asked(
            LayOutRequest.Item.self, "LayOutItem",
            #"""
            {"node":2,"sha256":"abababababababababababababababababababababababababababababababab","offset":0,"length":1}
            """#),
        told(LayOutResponse.self, "LayOutResponse", #"{"file":"f","directory":"/d","offsets":[-1,0]}"#),
        told(ExtentsResponse.self, "ExtentsResponse", #"{"bounds":[0,3]}"#),
        asked(StagedRequest.self, "StagedRequest", #"{"files":["f"],"block":1048576,"from":0,"most":1}"#),
        told(
            StagedResponse.self, "StagedResponse",
            #"""
            {"files":[{"name":"n","size":1,
            "blocks":["abababababababababababababababababababababababababababababababab"]}]}
            """#),
        told(
            StagedResponse.File.self, "StagedFile",
            #"""
            {"name":"n","size":1,"blocks":["abababababababababababababababababababababababababababababababab"]}
            """#),
        asked(
            PrepareRequest.self, "PrepareRequest",
            #"""
            {"epoch":"e","content":{"sha256":"abababababababababababababababababababababababababababababababab",
            "size":3},"source":{"known":false,"inline":"YQ==","behind":0,"staged":"up",
            "recipe":{"bases":["abababababababababababababababababababababababababababababababab"],"ranges":[0,0,3]},
            "offset":0},"wait":1,"only":["abababababababababababababababababababababababababababababababab"],
            "growing":"up","coming":{"sha256":"abababababababababababababababababababababababababababababababab",
            "size":3,"through":1,"parent":1,"path":"a","file":"f"}}
            """#),
        told(PrepareResponse.self, "PrepareResponse", #"{"ready":true}"#),
        asked(
            ComingMessage.self, "Coming",
            #"""
            {"sha256":"abababababababababababababababababababababababababababababababab","size":3,"through":1,
            "parent":1,"path":"a","file":"f"}
            """#),
        asked(
            ComingMessage.self, "AnyComing",
            #"""
            {"sha256":"abababababababababababababababababababababababababababababababab","size":3,"through":1,
            "parent":1,"path":"a","file":"f"}
            """#),
        asked(
            ReportRequest.self, "ReportRequest",
            #"""
            {"epoch":"e","cursor":1,"barrier":0,"pending":[{"path":"a","direction":"up","bytes":1,"reason":"r",
            "skipped":true,"unlisted":true,"stuck":true}],"up_count":1,"down_count":0,"bytes":1,"blocked":"b",
            "merging":"m","mode":"send-only","progress":{"done":{"files":1,"bytes":2},"left":{"files":1,"bytes":2},
            "rate":1,"seconds":2}}
            """#),
        asked(
            PendingMessage.self, "Pending",
            #"{"path":"a","direction":"up","bytes":1,"reason":"r","skipped":true,"unlisted":true,"stuck":true}"#),
        asked(
            ProgressMessage.self, "Progress",
            #"{"done":{"files":1,"bytes":2},"left":{"files":1,"bytes":2},"rate":1,"seconds":2}"#),
        asked(ProgressMessage.Part.self, "ProgressPart", #"{"files":1,"bytes":2}"#),
        asked(
            OfferRequest.self, "OfferRequest",
            #"""
            {"content":{"sha256":"abababababababababababababababababababababababababababababababab","size":3},
            "staged":"up"}
            """#),
        asked(
            HoldsMessage.self, "Holds",
            #"""
            {"contents":[{"sha256":"abababababababababababababababababababababababababababababababab","size":3}]}
            """#),
        asked(
            RecipeRequest.self, "RecipeRequest",
            #"""
            {"epoch":"e","node":2,"sha256":"abababababababababababababababababababababababababababababababab",
            "have":["abababababababababababababababababababababababababababababababab"]}
            """#),
        told(
            RecipeResponse.self, "RecipeResponse",
            #"""
            {"recipe":{"bases":["abababababababababababababababababababababababababababababababab"],"ranges":[0,0,3]},
            "list":"YQ=="}
            """#),
    ]

    private static let looking: [MessageSample] = [
        told(
            StatusResponse.self, "StatusResponse",
            #"""
            {"hub":{"name":"h","version":"1","seq":1,"files":1,"bytes":1,"share":"/s","blocked":"b"},
            "clients":[{"name":"c","kind":"agent","state":"in-sync","reason":"r","refused":"r","cursor":1,"behind":0,
            "unsynced":{"up":1,"down":2,"bytes":3},"last_seen":"2026-01-02T03:04:05Z",
            "paused_until":"2026-01-02T03:04:05Z","paused_since":"2026-01-02T03:04:05Z","mode":"send-only",
            "progress":{"done":{"files":1,"bytes":2},"left":{"files":1,"bytes":2},"rate":1,"seconds":2},
            "limits":{"up":"512k","down":"off"}}],"conflicts":0,"held":1}
            """#),
        told(
            StatusResponse.Hub.self, "HubStatus",
            #"{"name":"h","version":"1","seq":1,"files":1,"bytes":1,"share":"/s","blocked":"b"}"#),
        told(
            StatusResponse.Client.self, "ClientStatus",
            #"""
            {"name":"c","kind":"agent","state":"in-sync","reason":"r","refused":"r","cursor":1,"behind":0,
            "unsynced":{"up":1,"down":2,"bytes":3},"last_seen":"2026-01-02T03:04:05Z",
            "paused_until":"2026-01-02T03:04:05Z","paused_since":"2026-01-02T03:04:05Z","mode":"send-only",
            "progress":{"done":{"files":1,"bytes":2},"left":{"files":1,"bytes":2},"rate":1,"seconds":2},
            "limits":{"up":"512k","down":"off"}}
            """#),
        told(StatusResponse.Unsynced.self, "Unsynced", #"{"up":1,"down":2,"bytes":3}"#),
        told(PauseMessage.self, "Pause", #"{"until":"2026-01-02T03:04:05Z","blocked":"b"}"#),
        told(LimitsMessage.self, "Limits", #"{"up":"512k","down":"off"}"#),
        told(
            ClientMessage.self, "Client",
            #"""
            {"name":"c","kind":"sftp","role":"member","state":"offline","fingerprint":"SHA256:a",
            "since":"2026-01-02T03:04:05Z","last_seen":"2026-01-02T03:04:05Z",
            "rotating":"2026-01-02T03:04:05Z"}
            """#),
        told(
            UnsyncedMessage.self, "UnsyncedPath",
            #"{"client":"c","path":"a","path_b64":"YQ==","direction":"down","bytes":1,"reason":"r"}"#),
        asked(PathRequest.self, "PathRequest", #"{"path":"a"}"#),
        told(
            WhyResponse.self, "WhyResponse",
            #"{"path":"a","synced":true,"sentence":"s","clients":[{"client":"c","synced":true,"reason":"r"}]}"#),
        told(
            WhyResponse.OnClient.self, "WhyResponse/properties/clients/items",
            #"{"client":"c","synced":true,"reason":"r"}"#),
        asked(WaitRequest.self, "WaitRequest", #"{"path":"a","on":["c"],"timeout":1}"#),
        told(WaitResponse.self, "WaitResponse", #"{"in_sync":false,"seq":1,"waiting":[{"client":"c","reason":"r"}]}"#),
        told(WaitResponse.Waiting.self, "WaitResponse/properties/waiting/items", #"{"client":"c","reason":"r"}"#),
        told(
            LogMessage.self, "LogEntry",
            #"""
            {"seq":1,"at":"2026-01-02T03:04:05Z","client":"c","change":"move","path":"a","path_b64":"YQ==","from":"b",
            "kind":"file","bytes":1}
            """#),
        asked(HistoryRequest.self, "HistoryRequest", #"{"path":"a","limit":1}"#),
        told(
            HistoryMessage.self, "HistoryEntry",
            #"""
            {"version":1,"seq":1,"sha256":"abababababababababababababababababababababababababababababababab","size":1,
            "mtime":"2026-01-02T03:04:05Z","client":"c","at":"2026-01-02T03:04:05Z","state":"kept","change":"edit",
            "kind":"file","path":"a","path_b64":"YQ=="}
            """#),
        told(
            ConflictMessage.self, "Conflict",
            #"""
            {"path":"a","path_b64":"YQ==","copy":"b","copy_b64":"YQ==","client":"c","at":"2026-01-02T03:04:05Z"}
            """#),
        told(PathsResponse.self, "PathsResponse", #"{"paths":[{"what":"share","path":"/s"}]}"#),
        told(PathsResponse.Entry.self, "PathsResponse/properties/paths/items", #"{"what":"share","path":"/s"}"#),
    ]

    private static let steering: [MessageSample] = [
        told(
            HeldMessage.self, "Held",
            #"""
            {"id":1,"client":"c","at":"2026-01-02T03:04:05Z","deletes":1,"rewrites":1,"others":1,"passed":1,"path":"a",
            "path_b64":"YQ=="}
            """#),
        asked(HeldRequest.self, "HeldRequest", #"{"id":1}"#),
        told(
            HeldResponse.self, "HeldResponse",
            #"{"id":1,"client":"c","operations":1,"restored":1,"left":1,"examples":["s"]}"#),
        asked(
            InviteRequest.self, "InviteRequest",
            #"""
            {"client":"c","admin":true,"read_only":true,"sftp_only":true,"key":"k","make_key":true,"valid":1,
            "subtree":"a"}
            """#),
        told(
            InviteMessage.self, "Invite",
            #"""
            {"v":1,"hub":"h","client":"c","hosts":[{"host":"h","port":22}],"user":"u","host_key":"k","key":"s",
            "expires":"2026-01-02T03:04:05Z","api_port":1}
            """#),
        told(InviteMessage.Host.self, "Host", #"{"host":"h","port":22}"#),
        told(
            InviteResponse.Connection.self, "Connection",
            #"{"user":"u","hosts":[{"host":"h","port":22}],"fingerprint":"f","key":"k"}"#),
        told(
            InviteResponse.self, "InviteResponse",
            #"""
            {"invite":{"v":1,"hub":"h","client":"c","hosts":[{"host":"h","port":22}],"user":"u","host_key":"k",
            "key":"s","expires":"2026-01-02T03:04:05Z","api_port":1},"sftp":{"user":"u","hosts":[{"host":"h",
            "port":22}],"fingerprint":"f","key":"k"}}
            """#),
        asked(ClientRequest.self, "ClientRequest", #"{"client":"c","all":true,"seconds":1}"#),
        asked(ClientRequest.self, "PauseRequest", #"{"client":"c","all":true,"seconds":1}"#),
        asked(
            ClientRequest.self, "RevokeRequest", #"{"client":"c","all":true,"seconds":1}"#,
            needing: { $0.client != nil }),
        asked(LimitRequest.self, "LimitRequest", #"{"client":"c","all":true,"up":"1M","down":"off"}"#),
        told(ClientsTouchedResponse.self, "ClientsTouched", #"{"clients":["c"]}"#),
        told(ErrorMessage.self, "Error", #"{"error":{"code":"paused","message":"m"}}"#),
        told(ErrorMessage.Body.self, "Error/properties/error", #"{"code":"paused","message":"m"}"#),
    ]
}
