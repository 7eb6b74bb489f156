using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NpcMind.Generators;

/// <summary>Reads a type with [NpcAction] into a model.</summary>
internal sealed class ActionReading
{
    private const string RangeAttribute = "NpcMind.ActionRangeAttribute", TextAttribute = "NpcMind.ActionTextAttribute";
    private const int LongestText = 256;
    private readonly INamedTypeSymbol _type;
    private readonly List<FindingModel> _findings = [];
    private readonly List<MemberModel> _members = [];

    private ActionReading(INamedTypeSymbol type) => _type = type;

    public static ActionModel Read(INamedTypeSymbol type, CancellationToken cancel)
    {
        ActionReading reading = new(type);
        bool isEnum = type.TypeKind == TypeKind.Enum;
        if (reading.IsUsable())
        {
            if (isEnum) reading.AddEnum("value", "value", type, isNullable: false, type);
            else reading.ReadRecord(cancel);
        }

        string code = Code(type);
        string identifier = "Action_" + code.Replace("global::", "").Replace("_", "__").Replace('.', '_').Replace("@", "");
        return new ActionModel(code, type.Name, identifier, isEnum, new([.. reading._members]), new([.. reading._findings]));
    }

    private bool IsUsable()
    {
        for (INamedTypeSymbol? outer = _type; outer is not null; outer = outer.ContainingType)
        {
            if (outer.IsGenericType) return Refuse("it, or a type around it, is generic");
            if (outer.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal)
                || outer.IsFileLocal)
            {
                Find(Findings.Access, _type, _type.Name);
                return false;
            }
        }

        return _type.TypeKind == TypeKind.Enum
            || (_type.IsAbstract ? Refuse("it is abstract") : _type.IsRecord || Refuse("it is no record"));
    }

    private bool Refuse(string reason)
    {
        Find(Findings.Shape, _type, _type.Name, reason);
        return false;
    }

    private void ReadRecord(CancellationToken cancel)
    {
        IMethodSymbol? constructor = _type.InstanceConstructors.FirstOrDefault(
            c => c.DeclaringSyntaxReferences.Any(r => r.GetSyntax(cancel) is RecordDeclarationSyntax));
        if (constructor is null)
        {
            Refuse("it has no primary constructor");
            return;
        }

        for (INamedTypeSymbol? level = _type; level is not null; level = level.BaseType)
        {
            if (!level.GetMembers().Any(m => m is IPropertySymbol { IsRequired: true } or IFieldSymbol { IsRequired: true })) continue;
            Refuse("it has required members beside its primary constructor");
            return;
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (IParameterSymbol parameter in constructor.Parameters)
        {
            string name = CamelCase(parameter.Name);
            if (!names.Add(name)) Find(Findings.Names, parameter, Place(parameter), name);
            AddMember(parameter, name);
        }
    }

    private void AddMember(IParameterSymbol parameter, string name)
    {
        IPropertySymbol? property = _type.GetMembers(parameter.Name).OfType<IPropertySymbol>().FirstOrDefault();
        ITypeSymbol type = parameter.Type;
        bool isNullable = type.NullableAnnotation == NullableAnnotation.Annotated;
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
            type = nullable.TypeArguments[0];
        AttributeData? range = Attribute(parameter, property, RangeAttribute), text = Attribute(parameter, property, TextAttribute);
        (long least, long most)? numbers = type.SpecialType switch
        {
            SpecialType.System_Int32 => (int.MinValue, int.MaxValue),
            SpecialType.System_Int16 => (short.MinValue, short.MaxValue),
            SpecialType.System_Byte => (byte.MinValue, byte.MaxValue),
            _ => null,
        };
        if (property is null || parameter.RefKind != RefKind.None || parameter.IsParams)
            Find(Findings.Member, parameter, Place(parameter), parameter.Type.ToDisplayString());
        else if (range is not null && numbers is null)
            Find(Findings.Bounds, parameter, Place(parameter), "[ActionRange] is for numbers; remove it");
        else if (text is not null && type.SpecialType != SpecialType.System_String)
            Find(Findings.Bounds, parameter, Place(parameter), "[ActionText] is for strings; remove it");
        else if (numbers is { } limits) AddNumber(parameter, name, type, isNullable, range, limits);
        else if (type.SpecialType == SpecialType.System_String) AddText(parameter, name, isNullable, text);
        else if (type.SpecialType == SpecialType.System_Boolean)
            _members.Add(new MemberModel(parameter.Name, name, "bool", MemberKind.Boolean, isNullable, default, 0, 0));
        else if (type is INamedTypeSymbol { TypeKind: TypeKind.Enum } values) AddEnum(parameter.Name, name, values, isNullable, parameter);
        else Find(Findings.Member, parameter, Place(parameter), parameter.Type.ToDisplayString());
    }

    private void AddNumber(IParameterSymbol parameter, string name, ITypeSymbol type, bool isNullable, AttributeData? range,
        (long Least, long Most) limits)
    {
        if (range is not { ConstructorArguments.Length: 2 } || range.ConstructorArguments[0].Value is not int first
            || range.ConstructorArguments[1].Value is not int last) Find(Findings.Range, parameter, Place(parameter));
        else if (first > last)
            Find(Findings.Bounds, parameter, Place(parameter), $"the range from {first} to {last} is empty; swap its ends");
        else if (first < limits.Least || last > limits.Most)
            Find(Findings.Bounds, parameter, Place(parameter),
                $"the range from {first} to {last} leaves the type '{type.ToDisplayString()}'; narrow it");
        else _members.Add(
            new MemberModel(parameter.Name, name, type.ToDisplayString(), MemberKind.Number, isNullable, default, first, last));
    }

    private void AddText(IParameterSymbol parameter, string name, bool isNullable, AttributeData? text)
    {
        if (text is not { ConstructorArguments.Length: 1 } || text.ConstructorArguments[0].Value is not int length)
            Find(Findings.Text, parameter, Place(parameter));
        else if (length is < 1 or > LongestText)
            Find(Findings.Bounds, parameter, Place(parameter), $"a length of {length} is not from 1 to {LongestText}; change it");
        else _members.Add(new MemberModel(parameter.Name, name, "string", MemberKind.Text, isNullable, default, length, 0));
    }

    private void AddEnum(string property, string name, INamedTypeSymbol type, bool isNullable, ISymbol place)
    {
        // Several names can mean one value; the first one is written.
        HashSet<object> known = [];
        string[] choices = [.. type.GetMembers().OfType<IFieldSymbol>().Where(f => f.HasConstantValue && known.Add(f.ConstantValue!))
            .Select(f => f.Name)];
        if (choices.Length == 0) Find(Findings.NoValues, place, Place(place), type.Name);
        else if (!IsReachable(type)) Find(Findings.Access, place, type.Name);
        else _members.Add(new MemberModel(property, name, Code(type), MemberKind.Choice, isNullable, new(choices), 0, 0));
    }

    private static bool IsReachable(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? outer = type; outer is not null; outer = outer.ContainingType)
            if (outer.IsFileLocal || outer.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected
                or Accessibility.ProtectedAndInternal) return false;
        return true;
    }

    private static AttributeData? Attribute(IParameterSymbol parameter, IPropertySymbol? property, string name) =>
        parameter.GetAttributes().Concat(property?.GetAttributes() ?? []).FirstOrDefault(a => a.AttributeClass?.ToDisplayString() == name);

    private string Place(ISymbol symbol) => SymbolEqualityComparer.Default.Equals(symbol, _type)
        ? _type.Name : $"{_type.Name}.{symbol.Name}";

    private void Find(string id, ISymbol place, params string[] arguments)
    {
        Location? location = place.Locations.FirstOrDefault(l => l.IsInSource);
        _findings.Add(new FindingModel(id, new(arguments), location?.SourceTree?.FilePath ?? "", location?.SourceSpan ?? default,
            location?.GetLineSpan().Span ?? default));
    }

    private static string Code(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>As JSON serializers do: the leading capitals become small, but for one that begins a word (NPCName, npcName).</summary>
    private static string CamelCase(string name)
    {
        char[] characters = name.ToCharArray();
        for (int i = 0; i < characters.Length && char.IsUpper(characters[i]); i++)
        {
            if (i > 0 && i + 1 < characters.Length && !char.IsUpper(characters[i + 1])) break;
            characters[i] = char.ToLowerInvariant(characters[i]);
        }

        return new string(characters);
    }
}
