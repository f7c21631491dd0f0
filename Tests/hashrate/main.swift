// `hashrate` measures; `hashrate --counted cut|plan ROUNDS` only works, for who counts the instructions.
let arguments = CommandLine.arguments.dropFirst()
if arguments.count == 3, arguments[1] == "--counted", let work = Counted(rawValue: arguments[2]),
    let rounds = Int(arguments[3])
{
    work.run(rounds: rounds)
} else {
    HashRate().run()
}
