namespace Tavern.Forge;

/// <summary>What can be asked, and how. {0} is a name, a thing, a trade, a place or whatever the kind is about.</summary>
public static class Wordings
{
    /// <summary>Every kind of question, for counting and for tests.</summary>
    public static IReadOnlyList<Wording> Everything =>
        [TradeOf, WhoTrade, CloakOf, WhoCloak, PlaceOf, WhoPlace, ItemOf, WhoItem, SpotOf, ThingAt, RelationTo, EventOf, WhoEvent, Tavern,
            Town, MyName, MyTrade, MyCloak, MyPlace, MyItem, MyTrait, MyWish, MySecret, Rumour, RumourAbout];

    // The world: people.
    public static readonly Wording TradeOf = new(
        ["What does {0} do?", "What work does {0} do?", "What does {0} do for a living?", "How does {0} earn a living?",
            "What job does {0} have?", "Which trade does {0} have?", "What kind of work does {0} do?", "What is {0} by trade?",
            "Who is {0}?", "What is {0}?", "What does {0} work as?", "As what does {0} work?", "How does {0} make a living?",
            "Has {0} got a trade?", "{0} works as what?", "What is it that {0} does?", "What kind of job does {0} have?",
            "Do you know {0} and what work {0} does?",
            "What might {0} do for a living?", "Do you know what {0} is? What work is it?", "What trade is {0} in?",
            "{0}, what is that one by trade?", "What does {0} do all day?", "What does {0} do in this town?", "By what work does {0} live?",
            "Tell me of {0}. What work is it?"],
        ["what {0} does", "what work {0} does", "what {0} does for a living", "which trade {0} has", "what kind of job {0} has"],
        ["the trade of {0}", "{0}'s trade", "the work of {0}", "{0}'s work"],
        ["What trade does {0} have?", "Which work does {0} do for a living?", "What is the job of {0}?", "What is {0}'s job?"],
        ["what {0}'s job is", "what job {0} has"]);

    public static readonly Wording WhoTrade = new(
        ["Who is the {0}?", "Which one is the {0}?", "Who works as the {0} here?", "Who is the {0} in this town?", "Who here is the {0}?",
            "What is the name of the {0}?", "What is the {0} called?", "I need the {0}. Who is it?",
            "Which person is the {0}?", "Who among you is the {0}?", "Which of these people is the {0}?",
            "I am looking for the {0}. Who is that?", "Is one of you the {0}?", "Who does the work of the {0}?",
            "Who is it that works as the {0}?", "Which of them is the {0}?", "Who of these people is the {0}?",
            "Somebody here is the {0}. Who?", "Who might be the {0}?", "I look for the {0}.", "Whom do they call the {0}?",
            "Who earns a living as the {0}?", "What name does the {0} have?", "Does this town have a {0}? Who is it?",
            "Do you know the {0}? Who is that?", "Where people need the {0}, whom do they ask?", "The {0}, who is that?"],
        ["who the {0} is", "who works as the {0}", "which one is the {0}", "what the {0} is called", "who is the {0} here"],
        ["the name of the {0}", "the {0}'s name"],
        ["Who works here as the {0}?", "Which of you is the {0}?", "Who of you is the {0}?"],
        ["who here is the {0}", "what the name of the {0} is"]);

    public static readonly Wording CloakOf = new(
        ["What colour is {0}'s cloak?", "What does {0} wear?", "Which cloak does {0} wear?", "What colour does {0} wear?",
            "What is {0} wearing?", "What colour is the cloak of {0}?", "How is {0} dressed?", "What colour of cloak does {0} have?",
            "What cloak does {0} wear?", "Which colour is the cloak of {0}?", "Of what colour is {0}'s cloak?", "What does {0} have on?",
            "In what colour is {0} dressed?", "Which cloak is {0}'s?", "What colour has {0}'s cloak?", "Which cloak is {0} wearing?",
            "What clothes does {0} wear?",
            "What colour of cloak is {0} wearing?", "What colour does the cloak of {0} have?", "{0}'s cloak, what colour is it?",
            "In which cloak is {0}?", "In what colour does {0} go?", "What does {0} look like? Which cloak?",
            "How do I know {0}? By which cloak?", "In which cloak did {0} come?"],
        ["what colour {0} wears", "what {0} wears", "what {0} is wearing", "which cloak {0} wears", "what colour the cloak of {0} is",
            "how {0} is dressed"],
        ["the colour of {0}'s cloak", "the colour of the cloak of {0}", "the colour that {0} wears"],
        ["Which colour does {0} wear?", "What cloak does {0} have?", "What colour is {0} wearing?", "Which colour is {0}'s cloak?"],
        ["what colour {0}'s cloak is", "which colour {0} is wearing"]);

    public static readonly Wording WhoCloak = new(
        ["Who wears the {0} cloak?", "Who has a {0} cloak?", "Who is the one in the {0} cloak?", "Whose cloak is {0}?",
            "Who is wearing a {0} cloak?", "Who is dressed in {0}?", "Who wears {0}?", "Which one wears the {0} cloak?",
            "Who goes in {0}?", "Who is in {0}?", "Who has {0} on?", "Which person wears a {0} cloak?", "Whose is the {0} cloak?",
            "To whom does the {0} cloak belong?", "I see a {0} cloak. Who is that?", "Who of you is dressed in {0}?",
            "The one in {0}, who is it?", "Which of you wears the {0} cloak?",
            "Somebody wears {0}. Who?", "Who might be the one in {0}?", "Whom do you see in {0}?", "Which of them wears {0}?",
            "Who came in the {0} cloak?", "What is the one in the {0} cloak called?", "I look for the one in {0}.",
            "The {0} cloak, whose is it?", "Who has the {0} cloak?", "There is a {0} cloak. Who wears it?",
            "Somebody is in {0}. Which one is it?"],
        ["who wears a {0} cloak", "who is dressed in {0}", "whose cloak is {0}", "who has the {0} cloak", "who is the one in {0}"],
        ["the name of the one in the {0} cloak", "the name of the one who wears {0}"],
        ["Who is wearing {0}?", "Which one has the {0} cloak?", "Who is the one that wears the {0} cloak?"],
        ["who is wearing the {0} cloak", "who wears {0}"]);

    public static readonly Wording PlaceOf = new(
        ["Where is {0}?", "Where can I find {0}?", "Where is {0} now?", "In which place is {0}?", "Where do I find {0}?",
            "Where did {0} go?", "Where must I go to find {0}?", "I am looking for {0}. Where is that?",
            "Where does {0} stay?", "In what place is {0}?", "Where can one find {0}?", "Where would I find {0}?", "Where do you see {0}?",
            "I must find {0}. Where do I look?", "I look for {0}.", "Where has {0} gone?", "Where could {0} be?",
            "Where is {0} to be found?", "To which place did {0} go?", "At which place can I see {0}?",
            "Where might {0} be?", "{0}, where is that?", "Where did you see {0}?", "To which place must I go to see {0}?",
            "I need {0}. Where is that one?", "Where is {0} staying?", "Where can somebody find {0}?", "Do you see {0}? Where?",
            "What place is {0} in?", "I want to find {0}. Where do I go?", "Can I find {0}? Where?", "Where could I find {0}?"],
        ["where {0} is", "where I can find {0}", "where {0} is now", "where to find {0}", "where {0} went", "in which place {0} is"],
        ["the place of {0}", "the place where {0} is"],
        ["Where must I look for {0}?", "Where now is {0}?", "In which place do I find {0}?", "Where can {0} be found?"],
        ["where I find {0}", "where I must go to find {0}"]);

    public static readonly Wording WhoPlace = new(
        ["Who is {0}?", "Who is there {0}?", "Who can be found {0}?", "Who is it {0}?", "Who do I find {0}?", "Whom can I find {0}?",
            "Which one is {0}?", "Who stays {0}?",
            "Who is to be found {0}?", "Whom would I find {0}?", "Whom do you see {0}?", "Is there somebody {0}? Who?",
            "Who of you is {0}?", "Which person is {0}?", "Who is now {0}?", "There is somebody {0}. Who is it?", "Can you see who is {0}?",
            "Somebody is {0}. Which one is it?",
            "Who might be {0}?", "Somebody stays {0}. Who?", "Do you see somebody {0}? Who is it?", "Which of them is {0}?",
            "I look for the one {0}.", "Who is the one {0}?", "Who is that {0}?", "Who can one find {0}?", "Who is staying {0}?",
            "Somebody can be found {0}. Who is it?", "I see somebody {0}. Who is that?"],
        ["who is {0}", "who stays {0}", "who can be found {0}", "whom I can find {0}", "which one is {0}"],
        ["the name of the one {0}", "the name of the one who is {0}"],
        ["Whom do I find {0}?", "Who now is {0}?", "Which one can be found {0}?"],
        ["who is there {0}", "whom I find {0}"]);

    public static readonly Wording ItemOf = new(
        ["What does {0} carry?", "What is {0} carrying?", "What does {0} have?", "What does {0} hold?", "What thing does {0} carry?",
            "What does {0} have in the hand?", "What is it that {0} carries?", "What has {0} got?",
            "What has {0} in the hand?", "What is in {0}'s hand?", "What is {0} holding?", "Which thing does {0} carry?",
            "Which thing is {0} carrying?", "What does {0} have there?", "What did {0} bring?", "Does {0} carry something? What is it?",
            "What does {0} carry around?", "What is the thing in {0}'s hand?",
            "What might {0} carry?", "What does {0} carry there?", "{0} carries something. What?",
            "{0} has something in the hand. What is it?", "With what did {0} come?", "What do you see in {0}'s hand?",
            "What is the thing that {0} carries?", "Which thing has {0} got?", "Which thing does {0} hold?",
            "What is {0} holding in the hand?"],
        ["what {0} carries", "what {0} is carrying", "what {0} has got", "what thing {0} has", "what {0} holds",
            "what {0} has in the hand"],
        ["the thing that {0} carries", "the thing {0} has in the hand"],
        ["What thing does {0} have?", "What is in the hand of {0}?", "What does {0} carry in the hand?"],
        ["what thing {0} carries", "what {0} carries in the hand"]);

    public static readonly Wording WhoItem = new(
        ["Who carries {0}?", "Who has {0}?", "Who is carrying {0}?", "Who holds {0}?", "Which one has {0}?", "Who has got {0}?",
            "Who is the one with {0}?", "Who here carries {0}?",
            "Who is holding {0}?", "Whose hand is {0} in?", "In whose hand is {0}?", "Who brought {0}?", "Which of you has {0}?",
            "Who of you carries {0}?", "Which person carries {0}?", "Who is it that has {0}?", "I need {0}. Who has that?",
            "Which person is carrying {0}?",
            "Who might have {0}?", "Who has {0} in the hand?", "Somebody carries {0}. Who is it?", "Somebody has {0}. Which one is it?",
            "Who carries {0} around?", "Who has brought {0}?", "Which person has got {0}?", "Who of you is holding {0}?",
            "I see {0}. Who carries that?", "Whom do you see with {0}?", "Who came with {0}?", "I am looking for the one with {0}.",
            "Which one is carrying {0}?", "Which of them has {0}?"],
        ["who carries {0}", "who has {0}", "who is carrying {0}", "who holds {0}", "which one has got {0}", "who is the one with {0}"],
        ["the name of the one with {0}", "the name of the one who carries {0}"],
        ["Which one carries {0}?", "Who here has {0}?", "Who here is carrying {0}?", "Who is the one that carries {0}?"],
        ["which one carries {0}", "who has got {0}"]);

    // The world: things, ties, events.
    public static readonly Wording SpotOf = new(
        ["Where is the {0}?", "Where can I find the {0}?", "Where is that {0}?", "Where do I find the {0}?", "Where did you put the {0}?",
            "In which place is the {0}?", "Where must I go to find the {0}?",
            "Where would I find the {0}?", "In what place is the {0}?", "Where could the {0} be?", "I must find the {0}. Where do I look?",
            "I am looking for the {0}.", "Where has the {0} gone?", "Where is the {0} to be found?", "Where do you see the {0}?",
            "Where is there a {0}?", "Where did somebody put the {0}?", "At which place can I see the {0}?",
            "Where does the {0} stand?", "Where did the {0} go?", "Where is the {0} kept?", "Where did they put the {0}?",
            "I need the {0}. Where is it?", "Where might the {0} be?", "The {0}, where is it?", "To which place must I go for the {0}?",
            "Do you see the {0}? Where?", "Where can one find the {0}?", "Can I find the {0}? Where?", "Where could I find the {0}?",
            "In which place can I see the {0}?", "What place is the {0} in?"],
        ["where the {0} is", "where I can find the {0}", "where to find the {0}", "where you put the {0}"],
        ["the place of the {0}", "the place where the {0} is"],
        ["Where must I look for the {0}?", "Where can the {0} be found?", "Where is the {0} now?"],
        ["where I find the {0}", "in which place the {0} is"]);

    public static readonly Wording ThingAt = new(
        ["What is {0}?", "What can I find {0}?", "What do I find {0}?", "What thing is {0}?", "What can be found {0}?",
            "What is there {0}?", "What did you put {0}?",
            "What would I find {0}?", "What do you see {0}?", "Is there something {0}? What is it?", "What thing is there {0}?",
            "Something is {0}. What is it?", "What did somebody put {0}?", "What stands {0}?", "What can one find {0}?",
            "What is to be found {0}?",
            "What is kept {0}?", "What lies {0}?", "What might I find {0}?", "What can you see {0}?", "There is something {0}. What is it?",
            "What thing do you see {0}?", "What thing did you put {0}?", "Which thing stands {0}?", "Which thing can I find {0}?",
            "What would one find {0}?", "Do you see something {0}? What is it?", "I see a thing {0}. What is it?",
            "What is it that stands {0}?", "What is the thing {0}?",
            "Which thing can be found {0}?", "Which thing do you see {0}?", "Which thing lies {0}?", "Which of the things is {0}?",
            "Which thing did you put {0}?", "Which thing would I find {0}?", "What is it that I can find {0}?", "What is it that lies {0}?",
            "{0}, what is there?", "What thing would be {0}?"],
        ["what is {0}", "what I can find {0}", "what thing is {0}", "what can be found {0}", "what you put {0}"],
        ["the thing {0}", "the thing that is {0}"],
        ["What is it that is {0}?", "What thing can I find {0}?", "Which thing is {0}?"],
        ["what there is {0}", "what I find {0}"]);

    public static readonly Wording RelationTo = new(
        ["Who is the {1} of {0}?", "Who is {0}'s {1}?", "What is the name of {0}'s {1}?", "Which one is the {1} of {0}?",
            "Who here is {0}'s {1}?", "What is the {1} of {0} called?",
            "Which person is {0}'s {1}?", "Whom does {0} have as {1}?", "Does {0} have a {1}? Who is it?", "{0} has a {1}. Who is it?",
            "Who of you is {0}'s {1}?", "Which of you is the {1} of {0}?", "Who would be {0}'s {1}?", "How is {0}'s {1} called?",
            "Who might be {0}'s {1}?", "Is there a {1} of {0}? Who is it?", "What do they call {0}'s {1}?",
            "What do you call the {1} of {0}?", "Who is it that is {0}'s {1}?", "I look for the {1} of {0}. Who is it?",
            "I am looking for {0}'s {1}.", "Which of these people is {0}'s {1}?", "Who here would be the {1} of {0}?",
            "By which name do I know the {1} of {0}?", "Somebody is {0}'s {1}. Who?", "Somebody here is the {1} of {0}. Which one?",
            "Whom does {0} call {1}?"],
        ["who is the {1} of {0}", "who {0}'s {1} is", "which one is {0}'s {1}", "what {0}'s {1} is called"],
        ["the name of the {1} of {0}", "the name of {0}'s {1}"],
        ["Which one is {0}'s {1}?", "What is {0}'s {1} called?", "Who here is the {1} of {0}?"],
        ["who the {1} of {0} is", "who here is {0}'s {1}"]);

    public static readonly Wording EventOf = new(
        ["What did {0} do last night?", "What happened to {0} last night?", "What do you know of {0} and last night?",
            "What was it that {0} did last night?", "Last night, what did {0} do?", "What did {0} do in the night?",
            "What has {0} done last night?", "What was {0} doing last night?", "What was it that happened to {0}?", "What happened to {0}?",
            "What did {0} do?", "And last night, {0} did what?", "That night, what did {0} do?", "Did something happen to {0}? What?",
            "In the night, what was it that {0} did?",
            "What of {0} last night?", "Last night, what was {0} doing?", "What was {0} up to last night?",
            "Do you know something that {0} did last night?", "What became of {0} last night?", "That night, what happened to {0}?",
            "What do people say that {0} did last night?", "I heard of {0} and last night. What was it?",
            "What was it with {0} last night?", "Something happened to {0}. What was it?", "{0} did something last night. What?",
            "What did you hear that {0} did?", "How was the night of {0}?", "What has {0} been doing that night?",
            "In that night, what did {0} do?", "What happened that night to {0}?", "What happened last night to {0}?",
            "That night {0} did something. What?",
            "That night, what was {0} up to?", "What was {0} doing in the night?", "What do they say of {0} and that night?",
            "How did the night go for {0}?", "And {0} in the night? What happened?", "What is the story of {0} and that night?",
            "What did {0} get up to?", "Was there something with {0} in the night? What?"],
        ["what {0} did last night", "what happened to {0} last night", "what it was that {0} did last night",
            "what {0} was doing in the night", "what became of {0} in the night", "what {0} was up to that night"],
        ["the story of {0} last night"],
        ["What happened in the night to {0}?", "What did {0} do that night?", "Last night, what happened to {0}?"],
        ["what {0} did in the night", "what happened to {0} in the night"]);

    public static readonly Wording WhoEvent = new(
        ["Who {0} last night?", "Who was it that {0} last night?", "Who {0}?", "Last night, who {0}?", "Which one {0} last night?",
            "Who was the one that {0}?",
            "Which person {0}?", "Who is the one who {0}?", "Which of you {0} last night?", "Somebody {0} last night. Who was it?",
            "Who of you {0}?", "I heard that somebody {0}. Who?", "Is it known who {0}?", "Who is it that {0} last night?",
            "Tell me, who {0} last night?", "Which person {0} last night?", "Who was the person that {0}?", "Who was it who {0}?",
            "In the night, who {0}?", "Somebody {0}. Which one was it?", "Which of you {0}?", "One of you {0} last night. Who?",
            "Who is said to be the one who {0}?", "Last night somebody {0}. Who was that?", "Who might it be that {0}?",
            "People say that somebody {0}. Who was it?", "Which of them {0} last night?", "Who of you was it that {0}?",
            "Which of the people {0}?", "Who in this tavern {0}?", "Which one of them {0} last night?", "Which one of you {0}?",
            "That night somebody {0}. Which one?", "Who could it be that {0}?", "Who {0} in the night?"],
        ["who {0} last night", "who {0}", "who it was that {0}", "which one {0} last night"],
        ["the name of the one who {0}"],
        ["Which one {0}?", "Who was it that {0}?", "Who here {0} last night?"],
        ["which one {0}", "who was the one that {0}"]);

    public static readonly Wording Tavern = new(
        ["What is this tavern called?", "What is the name of this tavern?", "Which tavern is this?", "What do you call this tavern?",
            "In which tavern am I?", "How is this tavern called?",
            "What tavern is this?", "Where am I?", "What is the tavern called?", "Does this tavern have a name?",
            "Which tavern did I come to?", "What is the name of the tavern that I am in?", "Into which tavern did I come?",
            "By which name is this tavern called?", "What do people call this tavern?",
            "Under which name do people know this tavern?", "I am in which tavern?", "What name does this tavern have?",
            "Is this a tavern? Which one?", "Tell me, which tavern is this?"],
        ["what this tavern is called", "which tavern this is", "what you call this tavern"],
        ["the name of this tavern", "the tavern's name"],
        ["What do they call this tavern?", "Which tavern am I in?"],
        ["how this tavern is called", "in which tavern I am"]);

    public static readonly Wording Town = new(
        ["Which town is this?", "What is this town called?", "What is the name of this town?", "What do you call this town?",
            "In which town am I?", "How is this town called?",
            "What town is this?", "What is the town called?", "Does this town have a name?", "Which town did I come to?",
            "What is the name of the town that I am in?", "Into which town did I come?", "By which name is this town called?",
            "What do people call this town?",
            "Under which name do people know this town?", "I am in which town?", "What name does this town have?",
            "Is this a town? Which one?", "Tell me, which town is this?"],
        ["what this town is called", "which town this is", "what you call this town"],
        ["the name of this town", "the town's name"],
        ["What do they call this town?", "Which town am I in?"],
        ["how this town is called", "in which town I am"]);

    // The character itself.
    public static readonly Wording MyName = new(
        ["What is your name?", "Who are you?", "What are you called?", "How are you called?", "What do they call you?",
            "What do I call you?", "Who am I talking to?"],
        ["what your name is", "who you are", "how you are called", "what they call you"],
        ["your name"],
        ["What can I call you?", "To whom am I talking?", "By which name are you called?"],
        ["what you are called", "what I can call you"]);

    public static readonly Wording MyTrade = new(
        ["What do you do?", "What is your trade?", "What work do you do?", "What do you do for a living?", "How do you earn a living?",
            "What job do you have?", "Which trade do you have?", "What are you by trade?",
            "What is it that you do?", "As what do you work?", "What do you work as?", "How do you make a living?",
            "What kind of job do you have?"],
        ["what you do", "what work you do", "which trade you have", "what you do for a living"],
        ["your trade", "your work"],
        ["What is your job?", "What trade do you have?", "What kind of work do you do?"],
        ["what your job is", "what kind of work you do"]);

    public static readonly Wording MyCloak = new(
        ["What colour is your cloak?", "What do you wear?", "Which cloak do you wear?", "What colour do you wear?", "What are you wearing?",
            "How are you dressed?",
            "What cloak do you wear?", "Of what colour is your cloak?", "What do you have on?", "Which cloak are you wearing?"],
        ["what you wear", "what colour you wear", "what you are wearing", "which cloak you wear"],
        ["the colour of your cloak"],
        ["Which colour do you wear?", "Which colour is your cloak?", "What cloak do you have?"],
        ["what colour your cloak is", "which colour you wear"]);

    public static readonly Wording MyPlace = new(
        ["Where are you?", "Where are you now?", "In which place are you?", "Where can I find you?", "Where do I find you?",
            "Where would I find you?", "Where do you stay?", "In what place are you?", "I must find you. Where do I look?",
            "Where could one find you?", "Where are you to be found?"],
        ["where you are", "where I can find you", "in which place you are"],
        ["your place"],
        ["Where must I look for you?", "Where now are you?"],
        ["where I find you", "where you are now"]);

    public static readonly Wording MyItem = new(
        ["What do you carry?", "What are you carrying?", "What do you have?", "What do you hold?", "What do you have in the hand?",
            "What have you got?", "What have you got there?",
            "What are you holding?", "What is in your hand?", "Which thing do you carry?", "What did you bring?",
            "What do you carry around?"],
        ["what you carry", "what you are carrying", "what you have got", "what you hold"],
        ["the thing that you carry"],
        ["What thing do you carry?", "What do you carry in the hand?"],
        ["what thing you have", "what you have in the hand"]);

    public static readonly Wording MyTrait = new(
        ["What are you like?", "How would you describe yourself?", "What kind of person are you?", "How do your friends describe you?",
            "How do people describe you?", "What do people say about you?", "What is your nature?",
            "What do others say about you?", "How do others describe you?", "Describe yourself.", "What would your friends say about you?",
            "What sort of person are you?", "What do people think of you?"],
        ["what you are like", "what kind of person you are", "how people describe you"],
        ["your nature"],
        ["How do you describe yourself?", "What do your friends say about you?", "How would your friends describe you?"],
        ["how you would describe yourself", "how your friends describe you"]);

    public static readonly Wording MyWish = new(
        ["What do you want?", "What do you wish for?", "What is your wish?", "What do you dream of?", "What would you like?",
            "What do you want most?", "What would make you happy?"],
        ["what you want", "what you wish for", "what you dream of", "what you want most"],
        ["your wish", "your dream"],
        ["What do you most wish for?", "What would you like most?", "What do you most want?"],
        ["what would make you happy", "what your wish is"]);

    public static readonly Wording MySecret = new(
        ["What is your secret?", "Do you have a secret?", "Tell me your secret.", "What do you hide?", "What are you hiding?",
            "What is it that nobody knows about you?", "Are you hiding a secret?"],
        ["what your secret is", "what you hide", "what you are hiding", "what nobody knows about you"],
        ["your secret"],
        ["What secret do you have?", "What secret do you hide?", "What secret are you hiding?"],
        ["which secret you hide", "what secret you have"]);

    public static readonly Wording Rumour = new(
        ["What have you heard?", "What rumours have you heard?", "What do people say?", "What is new?", "Have you heard something?",
            "What rumours are there?", "Is there some gossip?",
            "Did you hear some gossip?", "What did somebody tell you?", "Do you know some rumours?", "What were you told?",
            "Tell me a rumour.", "Have you heard gossip?", "What gossip do you know?"],
        ["what you have heard", "what rumours there are", "what people say"],
        ["the gossip", "the news"],
        ["What gossip have you heard?", "Have you heard some rumours?", "What gossip is there?"],
        ["what gossip there is", "what rumours you have heard"]);

    public static readonly Wording RumourAbout = new(
        ["What have you heard about {0}?", "What do people say about {0}?", "What rumours are there about {0}?", "What is said about {0}?",
            "Is there gossip about {0}?", "What do they say about {0}?",
            "Did somebody tell you something about {0}?", "What gossip do you know about {0}?", "What were you told about {0}?",
            "What did they tell you about {0}?"],
        ["what people say about {0}", "what you have heard about {0}", "what is said about {0}"],
        ["the rumour about {0}", "the gossip about {0}"],
        ["What gossip have you heard about {0}?", "What rumours have you heard about {0}?"],
        ["what they say about {0}", "what rumours there are about {0}"]);

    // What nobody was told.
    public static readonly string[] NeverTold =
    [
        "How old is {0}?", "Where was {0} born?", "What does {0} like to eat?", "What did {0} eat today?",
        "How many children does {0} have?", "How tall is {0}?", "What does {0} think of the king?", "When did {0} come here?",
        "What is {0} afraid of?", "How much gold does {0} have?", "Whom does {0} love?", "Does {0} have a dog?",
        "What is the name of {0}'s dog?", "What did {0} dream?", "What colour are {0}'s eyes?", "What colour is {0}'s hair?",
        "When will {0} leave?", "What does {0} think of me?", "What is {0}'s favourite song?", "Who taught {0}?",
        "Which song does {0} like?", "Where did {0} sleep?", "How heavy is {0}?", "What does {0} drink?", "Can {0} swim?",
        "Who is the king?", "How deep is the well?", "What is the weather like tomorrow?", "How far is the sea?",
        "When was this tavern built?", "Who built this tavern?", "How many people live in this town?", "What does a beer cost?",
        "Who is the mayor?", "Where is the next town?", "What is on the other side of the river?", "How old is this tavern?",
        "When does the tavern close?", "Is there a doctor in this town?", "What is the price of a room?",
    ];

    public static readonly string[] HeldNeverTold =
    [
        "How many songs does {0} like?", "What does {0} eat?", "When was {0} born?", "What did {0} drink today?", "When did {0} eat?",
        "What colour is {0}'s dog?", "How old is the king?", "When was this town built?", "What does a room cost?",
        "How deep is the river?", "Who built this town?", "What does {0} dream of the sea?", "Does {0} have children?",
        "What is the price of a beer?",
    ];
}
