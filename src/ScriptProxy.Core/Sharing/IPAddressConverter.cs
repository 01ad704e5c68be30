using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ScriptProxy.Core.Sharing;

/// <summary>An address as its text: what the serializer makes of it otherwise is an exception out of its socket.</summary>
internal sealed class IPAddressConverter : JsonConverter<IPAddress>
{
    // An address of this machine is of a type that is not public.
    public override bool CanConvert(Type typeToConvert) => typeof(IPAddress).IsAssignableFrom(typeToConvert);

    public override IPAddress? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IPAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("This is no IP address.");

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
