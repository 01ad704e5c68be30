using System.Net;
using ScriptProxy.Core.Files;

namespace ScriptProxy.Tests.Files;

public sealed class StaticFilesTests
{
    [Fact]
    public async Task File_Exists_IsSentWithValidatorsAndType()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.txt", "hällo\n");

        HttpResponseMessage answer = await server.SendAsync("/static/a.txt");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("hällo\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal(7, answer.Content.Headers.ContentLength);
        Assert.Equal("text/plain; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.NotNull(answer.Headers.ETag);
        Assert.False(answer.Headers.ETag.IsWeak);
        Assert.NotNull(answer.Content.Headers.LastModified);
        Assert.Equal("bytes", answer.Headers.AcceptRanges.Single());
        Assert.Empty(answer.Headers.Vary);
    }

    [Theory]
    [InlineData("a.html", "text/html; charset=utf-8")]
    [InlineData("a.css", "text/css; charset=utf-8")]
    [InlineData("a.js", "text/javascript; charset=utf-8")]
    [InlineData("a.json", "application/json")]
    [InlineData("a.xml", "text/xml")]
    [InlineData("a.png", "image/png")]
    [InlineData("a.unheard-of", "application/octet-stream")]
    [InlineData("noextension", "application/octet-stream")]
    public async Task ContentType_FollowsTheName(string name, string type)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write(name, "x");

        HttpResponseMessage answer = await server.SendAsync("/" + name);

        Assert.Equal(type, answer.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task Head_SendsTheHeadersOnly()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.txt", "hello");

        HttpResponseMessage answer = await server.SendAsync("/a.txt", "HEAD", ("Range", "bytes=0-1"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(5, answer.Content.Headers.ContentLength);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task EmptyFile_IsSentEmpty()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("empty.txt", "");

        HttpResponseMessage answer = await server.SendAsync("/empty.txt");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, answer.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Method_OtherThanGetAndHead_Is405WithAllow(string method)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.txt", "hello");

        HttpResponseMessage answer = await server.SendAsync("/a.txt", method);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD"], answer.Content.Headers.Allow);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/missing.txt", method)).StatusCode);
    }

    [Fact]
    public async Task Folder_WithIndex_IsServedAndRedirectedToItsSlash()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("index.html", "root");
        server.Write("dir/index.html", "dir");

        Assert.Equal("root", await server.Client.GetStringAsync("/"));
        Assert.Equal("root", await server.Client.GetStringAsync("/static/"));
        Assert.Equal("dir", await server.Client.GetStringAsync("/static/dir/"));
        HttpResponseMessage answer = await server.SendAsync("/static/dir?a=1&b=%20");
        Assert.Equal(HttpStatusCode.MovedPermanently, answer.StatusCode);
        Assert.Equal("/static/dir/?a=1&b=%20", answer.Headers.Location!.OriginalString);
        Assert.Equal("/static/", (await server.SendAsync("/static")).Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Folder_RedirectOfDoubleSlash_StaysOnThisHost()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("evil.example/index.html", "x");

        string answer = await server.SendRawAsync("//evil.example");

        Assert.Contains("\r\nLocation: /evil.example/\r\n", answer);
    }

    [Fact]
    public async Task Folder_RedirectOfOddName_IsEncoded()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("100% ü/index.html", "odd");

        HttpResponseMessage answer = await server.SendAsync("/100%25%20%C3%BC");

        Assert.Equal("/100%25%20%C3%BC/", answer.Headers.Location!.OriginalString);
        Assert.Equal("odd", await server.Client.GetStringAsync(answer.Headers.Location));
    }

    [Fact]
    public async Task Folder_WithoutIndex_IsNotFound()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("dir/a.txt", "a");

        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/dir/")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/dir")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/dir/a.txt/")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/dir/a.txt/b")).StatusCode);
    }

    [Fact]
    public async Task IndexFiles_SeveralNames_TheFirstThatExistsWins()
    {
        await using FileServer server = await FileServer.StartAsync(o => o with { IndexFiles = ["index.htm", "default.html"] });
        server.Write("default.html", "default");

        Assert.Equal("default", await server.Client.GetStringAsync("/"));
        server.Write("index.htm", "index");
        Assert.Equal("index", await server.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Fallback_AnswersReadsOfMissingFilesOnly()
    {
        await using FileServer server = await FileServer.StartAsync(o => o with { Fallback = "fallback.html" });
        server.Write("a.txt", "a");
        server.Write(".env", "secret");

        Assert.Equal("a", await server.Client.GetStringAsync("/a.txt"));
        Assert.Equal("fallback", await server.Client.GetStringAsync("/users/7"));
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/users/7", "POST")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/.env")).StatusCode);
    }

    [Theory]
    [InlineData("with space.txt", "/with%20space.txt")]
    [InlineData("grüße-日本.txt", "/gr%C3%BC%C3%9Fe-%E6%97%A5%E6%9C%AC.txt")]
    [InlineData("100%.txt", "/100%25.txt")]
    [InlineData("a%41b.txt", "/a%2541b.txt")]
    [InlineData("a+b&c#d?.txt", "/a+b&c%23d%3F.txt")]
    public async Task Name_WithOddCharacters_IsFound(string name, string target)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write(name, "found");

        Assert.Equal("found", await server.Client.GetStringAsync(target));
    }

    [Theory]
    [InlineData("/../secret.txt")]
    [InlineData("/static/../../secret.txt")]
    [InlineData("/%2e%2e/secret.txt")]
    [InlineData("/dir/%2e%2e/%2e%2e/secret.txt")]
    [InlineData("/..%2fsecret.txt")]
    [InlineData("/..%5csecret.txt")]
    [InlineData("/dir%5c..%5c..%5csecret.txt")]
    [InlineData("/%252e%252e/secret.txt")]
    [InlineData("//etc/passwd")]
    [InlineData("/%2fetc/passwd")]
    [InlineData("/a.txt%00.html")]
    [InlineData("/a.txt%0a")]
    [InlineData("/.env")]
    [InlineData("/dir/.git/config")]
    [InlineData("/..../secret.txt")]
    [InlineData("/escape.txt")]
    [InlineData("/escape/secret.txt")]
    [InlineData("/sibling/secret.txt")]
    [InlineData("/loop")]
    [InlineData("/dangling")]
    public async Task Path_OutOfTheRootOrHidden_IsNotServed(string target)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.txt", "a");
        server.Write("dir/b.txt", "b");
        server.Write(".env", "SECRET");
        server.Write("dir/.git/config", "SECRET");
        File.WriteAllText(Path.Combine(server.Outside, "secret.txt"), "SECRET");
        Directory.CreateDirectory(server.Root + "-sibling");
        File.WriteAllText(Path.Combine(server.Root + "-sibling", "secret.txt"), "SECRET");
        File.CreateSymbolicLink(Path.Combine(server.Root, "escape.txt"), "../secret.txt");
        Directory.CreateSymbolicLink(Path.Combine(server.Root, "escape"), server.Outside);
        Directory.CreateSymbolicLink(Path.Combine(server.Root, "sibling"), server.Root + "-sibling");
        File.CreateSymbolicLink(Path.Combine(server.Root, "loop"), "loop");
        File.CreateSymbolicLink(Path.Combine(server.Root, "dangling"), "nothing-there");

        string answer = await server.SendRawAsync(target);

        Assert.Matches("^HTTP/1.1 (404|400) ", answer);
        Assert.DoesNotContain("SECRET", answer);
        Assert.DoesNotContain("root:", answer);
    }

    [Theory]
    [InlineData("/a/../../secret.txt")]
    [InlineData("/..")]
    [InlineData("/./a.txt")]
    [InlineData("/a\0.txt")]
    [InlineData("/a\\..\\..\\secret.txt")]
    public void Locate_PathThatNoServerHasNormalised_IsRefused(string path)
        => Assert.Null(new FileTree("/srv/www").Locate(path));

    [Fact]
    public void Locate_OverlongNames_AreJustAbsent()
    {
        var tree = new FileTree(Path.GetTempPath());

        Assert.False(tree.HasFile(tree.Locate("/" + new string('x', 300))!));
        Assert.False(tree.HasFile(tree.Locate("/" + string.Join('/', Enumerable.Repeat("long-segment", 1000)))!));
    }

    [Fact]
    public async Task WellKnown_AtTheTop_IsServed()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write(".well-known/security.txt", "contact");
        server.Write("dir/.well-known/x", "no");

        Assert.Equal("contact", await server.Client.GetStringAsync("/.well-known/security.txt"));
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/dir/.well-known/x")).StatusCode);
    }

    [Fact]
    public async Task Link_InsideTheRootAndTheRootItself_AreFollowed()
    {
        await using FileServer server = await FileServer.StartAsync(prepare: folder =>
        {
            folder.CreateSubdirectory("release-1");
            folder.CreateSubdirectory("release-2");
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "www"), "release-1");
            File.WriteAllText(Path.Combine(folder.FullName, "release-2", "a.txt"), "two");
        });
        server.Write("a.txt", "one");
        File.CreateSymbolicLink(Path.Combine(server.Root, "relative.txt"), "./a.txt");
        File.CreateSymbolicLink(Path.Combine(server.Root, "absolute.txt"), Path.Combine(server.Root, "a.txt"));

        Assert.Equal("one", await server.Client.GetStringAsync("/a.txt"));
        Assert.Equal("one", await server.Client.GetStringAsync("/relative.txt"));
        Assert.Equal("one", await server.Client.GetStringAsync("/absolute.txt"));

        Directory.Delete(server.Root);
        Directory.CreateSymbolicLink(server.Root, "release-2");
        Assert.Equal("two", await server.Client.GetStringAsync("/a.txt"));
    }

    [Fact]
    public void Options_ThatNameNothing_FailWithAClearMessage()
    {
        string folder = Directory.CreateTempSubdirectory("files-test").FullName;
        string file = Path.Combine(folder, "file");
        File.WriteAllText(file, "");
        try
        {
            Assert.Contains("does not exist: " + folder + "/www", Message(new(folder + "/www")));
            Assert.Contains("is a file: " + file, Message(new(file)));
            Assert.Contains("absolute path: www", Message(new("www")));
            Assert.Contains("index.html does not exist in " + folder, Message(new(folder) { Fallback = "index.html" }));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static string Message(StaticFilesOptions options) => Assert.Throws<StaticFilesException>(() => new StaticFiles(options)).Message;
    }
}
