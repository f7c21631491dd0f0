import Testing

@testable import Simulator

/// Histories that failed once the simulator's users acted, shrunk, by what was wrong.
struct MeetingRegressionTests {
    @Test(arguments: [
        """
        crowded 3
        0 user 4936447177698783350
        0 quiesce 11355659475200263646
        2 user 3622659318281011157
        1 user 14623954944174189133
        1 phoneInterlopes 15598878443794668515
        2 sync 3313997206450345600
        0 interlope 13740091326931971997
        0 user 16628834725470211154
        0 user 4785184331918281811
        2 user 12381863122796527846
        2 user 17609332941131837860
        0 quiesce 16354773134596724619
        0 user 1398675642681181884
        1 user 11561131355226180490
        0 interlope 4955369528222677637
        1 phoneInterlopes 4911506415732605149
        """,
        """
        apart 2
        1 user 3444165803401848827
        0 phone 7552221101831855850
        0 quiesce 5115980169360873
        0 user 12396820839012946867
        0 phoneInterlopes 6508248821663027490
        """,
        """
        apart 4
        1 user 573169215633050954
        2 user 5617583943402760615
        0 quiesce 6792937661772553582
        0 exile 17314774597006149577
        0 quiesce 8061954139029076654
        0 user 7070929193637225516
        0 user 11662461657185297546
        0 user 3942841260009639618
        0 phone 2197713487914708959
        0 phoneInterlopes 10756673729229620514
        1 powerCut 17647274771425411780
        3 exile 14582325834352691356
        0 quiesce 3134675909465543050
        0 user 8081614896312468108
        0 user 3724255758438722720
        3 user 15107572480425147656
        0 phoneInterlopes 5510968311205495553
        """,
        """
        crowded 4
        3 user 17947298085392105331
        3 user 17882401894951053196
        0 phone 6017135613618544057
        0 quiesce 10776982662503856058
        3 user 14030142277748729695
        1 user 5134851779955271005
        3 phoneInterlopes 10781994669289359963
        1 interlope 9797195012055777529
        """,
        """
        crowded 4
        0 user 14018410855891823926
        0 user 15604357173229563016
        0 quiesce 2505947641305495124
        1 user 9877617346377007620
        0 user 11465162867514065770
        0 user 7407931903762673846
        0 quiesce 5091350767258680629
        1 user 8172927594827800666
        0 user 191896566103875074
        1 phoneInterlopes 18103087645701354742
        0 interlope 9100181107638443665
        3 user 1260606978613947988
        3 phoneInterlopes 1644496954129510539
        1 user 8681787110588528910
        1 interlope 6668366779351708328
        """,
    ])
    func `what the phone writes into a file while it is moved is taken in, and put away as what it is`(text: String)
        throws
    {
        try replay(text)
    }

    @Test(arguments: [
        """
        crowded 2
        1 user 8707096447373717578
        0 user 3536938931139539446
        1 hasty 10721322485316027364
        0 quiesce 7904706632073469638
        0 user 8098807697854644708
        0 user 17510083154833382955
        0 phoneInterlopes 11701059343801484330
        """,
        """
        crowded 2
        0 user 12793832918412508651
        0 quiesce 2820693102377388851
        0 user 3957147649254464801
        0 phoneInterlopes 3925451840257598392
        """,
        """
        crowded 2
        1 user 16898379386760080612
        0 user 1247615575850437023
        0 pass 7028777937187713274
        1 interlope 16347921176902674294
        0 phoneInterlopes 14972670272538467760
        1 user 11279626257014150372
        1 user 4282215813292693702
        1 pass 328246865801560276
        0 user 13466794360349478570
        0 agentPowerCut 8978888211610222269
        1 interlope 17927086595588782489
        0 pass 13769620427173388846
        0 interlope 2493676046019665037
        1 sync 8790291336631455175
        0 user 2808094059863392962
        1 user 9459497175966840633
        1 user 5774802828495395784
        1 phoneInterlopes 10512528707012427025
        0 phoneInterlopes 17235932282398184731
        """,
        """
        crowded 2
        0 user 318430229452407591
        0 quiesce 2128814546549466813
        0 user 10101793517684622391
        0 phoneInterlopes 1625583822490328583
        """,
        """
        crowded 2
        1 interlope 4945380247354766773
        1 user 3286113341347414039
        1 phoneInterlopes 7919793088205381022
        """,
        """
        apart 3
        1 user 16871733882412534427
        2 user 11099596297277810780
        0 quiesce 11281367236081496289
        0 user 13771500385414762225
        0 phoneInterlopes 14641594585672977069
        0 phoneInterlopes 6419317320515004443
        """,
    ])
    func `what the phone writes in the instant of a swap or a removal keeps a name`(text: String) throws {
        try replay(text)
    }

    @Test(arguments: [
        """
        apart 3
        0 user 3214479135492314512
        0 user 15511046994784711702
        1 user 14087007957385254045
        1 user 7671844029325829346
        2 user 10825531103383144763
        2 user 10346720293050923857
        0 quiesce 404937317301466871
        0 user 6718422846587974022
        2 user 9219391723222226647
        2 user 16700005903716701987
        2 user 15723726187871835032
        0 phone 1279872301068638699
        1 exile 11266903274895389538
        """,
        """
        crowded 2
        0 user 10776200331787977476
        0 quiesce 1489598006054644080
        1 user 3119699366751905473
        0 user 2775399798023986567
        0 pass 10537358786929729968
        1 interlope 15266057170090888502
        0 sync 197598383893694353
        0 phone 15718576925875630523
        1 sync 15594456965397366809
        1 user 6718481016798494795
        1 sync 9377269516888551708
        0 user 7447702471037178805
        0 user 675167029207431834
        """,
        """
        crowded 2
        0 user 15849277948870289503
        0 quiesce 11292864153733753633
        0 user 14445550288331587954
        0 pass 5321821557439227351
        1 user 15387466268574352756
        1 interlope 445393097377349656
        0 phoneInterlopes 12005723540316113513
        0 user 673227799573607792
        0 user 15286015282210390054
        0 interlope 9809109775879624589
        0 quiesce 18247832972084730060
        0 user 2127208488319155568
        0 user 14070434098788325836
        0 phone 17221896647862861647
        1 phoneInterlopes 12845603481313574090
        """,
    ])
    func `a copy that finds its name taken by the copy of another conflict is explained by that`(text: String) throws {
        try replay(text)
    }

    @Test func `a hub starts where a file has taken the place of a directory in which the phone has edited something`()
        throws
    {
        try replay(
            """
            apart 2
            0 user 2029363931409147317
            0 user 1312639342121130367
            0 quiesce 12681214714334195975
            0 user 10577871825606118889
            0 phone 15964189700129178901
            0 hubCrashSoon 13201923411450400700
            """)
    }

    @Test func `what was uploaded for long meets a later edit once, and not the touch before it`() throws {
        try replay(
            """
            chaos 3
            2 phone 8028445375260914529
            0 exile 8478772365914334571
            2 user 1409543147812969668
            1 phoneBegins 14514693763434822689
            2 all 3637358939554548115
            2 user 830300302263304116
            2 all 6092464277335357939
            """)
    }

    @Test func `an answer to somebody who never heard of the hub, and was away for long, brings nothing back`() throws {
        try replay(
            """
            clocks 3
            2 user 6147282545011625287
            0 interlope 11232681778467614324
            2 phone 11622419694476938954
            2 hubCrashSoon 10290657399046482455
            1 hubSettle 6505206288059121134
            2 exile 9199380295111185712
            """)
    }

    @Test(arguments: [
        """
        crowded 3
        0 user 15460104500162248505
        0 user 10811526447788111195
        0 user 6761061530263938719
        0 sync 11288669361252501810
        0 user 4577954908981141416
        0 phone 17187318446019628350
        0 phoneInterlopes 2783323235064558576
        2 exile 14976216168063546040
        """,
        """
        crowded 2
        0 user 15890166535075219987
        0 user 2754378979990226946
        0 quiesce 2377965401915058896
        1 user 1280319504180605041
        0 user 4140385949484791186
        1 sync 12832742327258177365
        0 user 102810494026221870
        0 user 8215913289266479577
        """,
    ])
    func `a directory that stays for what somebody has put deep into it explains a conflict`(
        text: String
    ) throws {
        try replay(text)
    }

    @Test(arguments: [
        """
        clocks 3
        0 phone 7471258925354293636
        0 exile 10752769394153572012
        2 user 902649086488038765
        2 sync 8176977675573747811
        1 user 16954588765015288377
        1 clockJump 1301087841832164157
        1 sync 16432455657081869195
        1 user 17432188052901435792
        """,
        """
        clocks 2
        0 user 16905611896566248453
        0 clockJump 11914233922632890930
        0 hasty 15514774372326995980
        0 all 15296628060163939032
        0 interlope 8711396850031802844
        """,
    ])
    func `users who see something else under other clocks make it another history`(
        text: String
    ) throws {
        try replay(text)
    }

    @Test func `a piece of an upload is not taken in with the directory that it lies in`() throws {
        try replay(
            """
            chaos 2
            1 user 2679084034333062688
            1 crashSoon 16404714714165104392
            1 phone 13791630271870168021
            1 user 13788994625919310828
            0 phoneBegins 4283132376506637713
            0 phone 1704991752163285864
            0 phone 3443621944585771228
            1 crashSoon 6880001051873818552
            """)
    }

    @Test func `an answer that comes late brings back nothing that went since`() throws {
        try replay(
            """
            crowded 4
            0 user 9505470469039187269
            0 quiesce 14240553166805035495
            3 user 17008697387974919852
            3 exile 13859110423712925593
            0 quiesce 9530875332815558865
            3 user 11552857644331248018
            3 user 13251779914811650961
            0 user 16968497395522572127
            3 interlope 5493705750875781574
            1 sync 6116783279774064044
            0 sync 5992795649634180672
            1 user 14098512008714431440
            1 sync 15686911023078036416
            0 phoneInterlopes 8617032372633343854
            """)
    }

    @Test(arguments: [
        """
        crowded 3
        2 user 2246717068942249447
        0 quiesce 14378894366484241281
        2 user 11879681738462630441
        2 hasty 13547922494698451128
        2 user 6053111193428971431
        2 interlope 6289965170904957102
        0 user 961821452193561278
        """,
        """
        crowded 3
        0 user 17973085762169994050
        0 quiesce 313807181382740705
        2 user 3717237287926312894
        2 user 15900373701951604662
        0 user 11278025937709342537
        0 user 5838538655249855781
        0 sync 14271197537994732618
        1 exile 17592112338963394754
        """,
        """
        crowded 2
        0 user 14677047854159060183
        0 quiesce 9487581897918589270
        0 phone 17919977827748387586
        0 phoneInterlopes 1082302147812373199
        1 sync 10545285243306908036
        1 user 9747310147686470715
        0 user 9218949156773605615
        1 interlope 11784653848654663189
        0 phoneInterlopes 11045874274086481183
        """,
    ])
    func `a move takes along bytes that its user has not seen`(
        text: String
    ) throws {
        try replay(text)
    }

    @Test func `a directory that was deleted stays known to who moves it where nobody knows the way`() throws {
        try replay(
            """
            apart 2
            0 user 17727931996441732264
            0 user 5164118279038865379
            1 user 9330888317948624404
            0 quiesce 14384653310210552752
            1 exile 4309085356742297098
            1 user 7321849893167417212
            1 user 13564771022863584091
            0 phoneInterlopes 9508824018582756014
            """)
    }

    @Test func `who dies in a step of another is started again`() throws {
        try replay(
            """
            chaos 4
            3 user 6196366286080425913
            2 user 13614268265817545701
            2 phoneInterlopes 18198658425366173099
            3 interlope 14330056704856137214
            1 powerCut 15115702784509188559
            1 crashSoon 6010535542659595698
            0 exile 6213515663238825635
            1 phone 9482185587570977531
            """)
    }

    private func replay(_ text: String) throws {
        _ = try Simulation.run(#require(History(text)))
    }
}
