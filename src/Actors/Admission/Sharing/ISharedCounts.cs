namespace Actors443.Admission.Sharing;

/// <summary>The counts of one kind. Thread-safe.</summary>
internal interface ISharedCounts
{
    /// <summary>What their keys begin with, up to the colon.</summary>
    string Kind { get; }

    /// <summary>All there are now.</summary>
    IEnumerable<SharedCount> All { get; }

    /// <summary>Forgets what nobody has any more, here and elsewhere.</summary>
    void Sweep()
    {
    }

    /// <summary>How many it may have on all nodes together; 0: no limit.</summary>
    int LimitOf(SharedCount count);

    /// <summary>The count of that key. Null: it cannot be read, or there is none and none is to be made.</summary>
    /// <param name="key">As another node has written it.</param>
    /// <param name="make">Where there is none yet: others have some, and whoever comes here must find that.</param>
    SharedCount? Find(string key, bool make);
}
