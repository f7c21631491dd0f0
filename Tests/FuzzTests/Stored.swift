import SyncCore

@testable import Agent
@testable import ControlAPI
@testable import Hub

// Configurations and what else is in files.

extension FuzzTarget {
    /// `hub.json5` (a) and `agent.json5` (b).
    static let config = FuzzTarget(name: "config", seeds: Seeds.configurations) { bytes in
        let (choice, text) = bytes.choice(of: 2)
        if choice == 0 {
            guard var read = try? HubConfiguration.parse(text) else { return }
            // Only a person writes them there.
            (read.hosts, read.apiOrigins) = (nil, [])
            try promise(HubConfiguration.isName(read.name) && read.sftpPort > 0 && read.apiPort > 0, "\(read)")
            let again = try HubConfiguration.parse(Array(read.text.text.utf8))
            try promise(again == read, "\(read) became \(again)")
        } else {
            guard let read = try? AgentConfiguration.parse(text) else { return }
            try promise(read.folder.hasPrefix("/") && !read.hosts.isEmpty, "\(read)")
            let again = try AgentConfiguration.parse(Array(read.text.text.utf8))
            // A table of one rate is written as the rate.
            try checkTimetable("\(read.limitUp)")
            try promise(again.text.text == read.text.text, "\(read) became \(again)")
        }
    }

    /// `clients.json`, from which a lost journal is made anew.
    static let clients = FuzzTarget(name: "clients", seeds: Seeds.clients) { bytes in
        guard let file = try message(ClientsFile.self, bytes),
            let read = try? file.clients.map({ try $0.credential() })
        else { return }
        for client in read { if let part = client.subtree { try check(part) } }
        let again = try WireFormat.decode(ClientsFile.self, from: ClientsFile(read).text).clients.map {
            try $0.credential()
        }
        try promise(ClientsFile(again) == ClientsFile(read), "\(read) became \(again)")
    }

    /// As bytes: recipes (a), lists of chunks (b), extras (c).
    static let stored = FuzzTarget(name: "stored", seeds: Seeds.stored) { bytes in
        let (choice, stored) = bytes.choice(of: 3)
        switch choice {
        case 0:
            guard let recipe = Recipe(encoded: stored) else { return }
            try check(recipe)
            try promise(recipe.encoded == stored, "a recipe is written in two ways")
            try promise(try RecipeMessage(recipe).recipe() == recipe, "another recipe travels")
        case 1: try checkChunks(stored)
        default:
            guard let extras = Extras(bytes: stored) else { return }
            try promise(extras.bytes == stored, "extras are written in two ways")
        }
    }
}
